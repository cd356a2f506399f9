/* From pixels to a hash, and hashes as values. */
#ifndef EMPREINTE_HASH_H
#define EMPREINTE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "kernel.h"
#include "pixels.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EMP_HASH_BYTES = 32, EMP_DIHEDRAL_COUNT = 8, EMP_GRID = 64, EMP_COEFFICIENTS = 16 };

/* How a hash is computed. AUTO and EXACT always give the same hash. */
typedef enum emp_method EMP_ANY_NUMBER {
  EMP_METHOD_AUTO = 0, /* Uses the fast method where its error bound proves the answer, otherwise the exact one. */
  EMP_METHOD_EXACT,    /* Computes every float operation in the reference's order. */
  EMP_METHOD_FAST      /* Uses the separable filter without checking the bound, so the hash may differ. For tests. */
} emp_method;

/* Whether an image is resized first, as other implementations do. */
typedef enum emp_compat EMP_ANY_NUMBER {
  EMP_COMPAT_NONE = 0,
  EMP_COMPAT_CPP_CLI /* Resizes to 512×512 by nearest neighbour when a side is above 512, as the C++ tool does. */
} emp_compat;

typedef struct emp_hash_options {
  const emp_kernel* kernel; /* NULL selects the best supported kernel. */
  emp_method method;
  emp_compat compat;
  int dihedral; /* 1 fills all eight dihedral hashes. */
  emp_cancel cancel;
} emp_hash_options;

/* The method that produced a hash. */
typedef enum emp_method_used {
  EMP_USED_NONE = 0, /* A side is below 5 pixels. The hash is all zero and its quality is 0. */
  EMP_USED_EXACT,
  EMP_USED_FAST,
  EMP_USED_FALLBACK /* The fast method could not prove its answer, so the exact method followed. */
} emp_method_used;

/* A hash is stored most significant byte first: byte 0 holds the first two hex digits. */
typedef struct emp_hash_result {
  uint8_t hash[EMP_HASH_BYTES];
  /* The hashes of the rotated and mirrored image: orig rot90 rot180 rot270 flipX flipY flipPlus1 flipMinus1. */
  uint8_t dihedral[EMP_DIHEDRAL_COUNT][EMP_HASH_BYTES];
  int32_t quality; /* 0 … 100. */
  int32_t stable;  /* 0 when the largest |coefficient| is below 0.1. Such a hash is rounding noise. */
  emp_method_used method_used;
} emp_hash_result;

/* Hashes pixels and fills `result`. Returns EMP_BAD_GEOMETRY, EMP_BAD_OPTION, EMP_BAD_KERNEL, EMP_CANCELLED or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_hash(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result);

/* The intermediate buffers of one hash, for known-answer and differential tests. */
typedef struct emp_hash_trace {
  float grid[EMP_GRID * EMP_GRID];                         /* After filter and decimation, row-major. */
  float coefficients[EMP_COEFFICIENTS * EMP_COEFFICIENTS]; /* Row i is vertical frequency i + 1. */
  float median;
} emp_hash_trace;

/* Does what emp_hash does and also fills `trace`, which stays zero when a side is below 5 pixels. The method must be
 * EXACT or FAST; AUTO returns EMP_BAD_OPTION. It fails otherwise as emp_hash does. */
emp_status emp_hash_traced(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result,
                           emp_hash_trace* trace);
/* Writes the luma of row y, 0 … 255, to `out`, which has room for `width` floats. `kernel` must not be NULL. Returns
 * EMP_BAD_GEOMETRY when the pixels do not fit or there is no such row. */
emp_status emp_luma_row(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t y, float* out);

/* ---- Hash values ---- */

/* Parses `length` bytes of hex (64 digits of either case, with an optional 0x and surrounding white space) or base64
 * (44 characters with '=', 43 without, in the standard or URL alphabet). Returns EMP_BAD_HASH_LENGTH or
 * EMP_BAD_HASH_CHARACTER on failure, and `out` is then undefined. */
emp_status emp_hash_parse(const char* text, size_t length, uint8_t out[EMP_HASH_BYTES]);
/* Writes 64 lower-case hex digits without a terminating NUL. */
void emp_hash_to_hex(const uint8_t hash[EMP_HASH_BYTES], char out[64]);
/* Returns how many bits differ, 0 … 256. */
uint32_t emp_hash_distance(const uint8_t a[EMP_HASH_BYTES], const uint8_t b[EMP_HASH_BYTES]);

/* Why a hash would match unrelated images. */
typedef enum emp_trivial {
  EMP_TRIVIAL_NONE = 0, /* The hash is an ordinary one. */
  EMP_TRIVIAL_ALL_ZERO,
  EMP_TRIVIAL_ALL_ONE,
  EMP_TRIVIAL_UNBALANCED, /* Fewer than 64 or more than 192 bits are set. A PDQ hash has 128 or just under. */
  EMP_TRIVIAL_PERIODIC    /* One pattern of 1, 2 or 4 bytes repeats throughout. */
} emp_trivial;
/* Returns EMP_TRIVIAL_NONE for an ordinary hash, otherwise the reason why it is trivial. */
emp_trivial emp_hash_trivial(const uint8_t hash[EMP_HASH_BYTES]);
/* Returns one sentence for a person. */
const char* emp_trivial_message(emp_trivial reason);

#ifdef __cplusplus
}
#endif
#endif
