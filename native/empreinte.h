/* empreinte: the only door to the core.
 *
 * A C interface: status codes, plain structs, opaque handles. Nothing here throws, keeps global state or does I/O.
 * Every function may be called from any thread; what a handle allows at the same time is said beside it.
 */
#ifndef EMPREINTE_H
#define EMPREINTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ------------------------------------------------------------------------------------------------- */

typedef enum emp_status {
  EMP_OK = 0,
  EMP_CANCELLED,         /* the caller's emp_cancel said stop */
  EMP_OUT_OF_MEMORY,     /* an allocation failed; nothing was changed */
  EMP_BAD_GEOMETRY,      /* width, height, channels, stride and buffer size do not fit together */
  EMP_BAD_KERNEL,        /* no kernel of that name, or this processor cannot run it */
  EMP_BAD_RADIUS,        /* a radius outside 0 … 256 */
  EMP_BAD_OPTION,        /* an option outside its range */
  EMP_BAD_HASH_LENGTH,   /* hash text of the wrong length */
  EMP_BAD_HASH_CHARACTER /* hash text with a character that is neither hex nor base64 */
} emp_status;

/* One sentence, without the input's bytes. */
const char* emp_status_message(emp_status status);

/* Asked now and then during long work; a non-zero answer ends it with EMP_CANCELLED. `poll` may be NULL. */
typedef struct emp_cancel {
  int (*poll)(void* context);
  void* context;
} emp_cancel;

/* ---- Kernels: one implementation an instruction set, all bit-identical ----------------------------------------- */

typedef struct emp_kernel emp_kernel;

size_t emp_kernel_count(void);
/* In the order of preference, best first. NULL when `i` is out of range. */
const emp_kernel* emp_kernel_at(size_t i);
const char* emp_kernel_name(const emp_kernel* kernel);         /* "avx512" */
const char* emp_kernel_instructions(const emp_kernel* kernel); /* what it needs of a processor, for people */
int emp_kernel_supported(const emp_kernel* kernel);            /* 1 when this processor has what it needs */
/* By name; the best supported one for NULL or "". EMP_BAD_KERNEL otherwise. */
emp_status emp_kernel_find(const char* name, const emp_kernel** out);

/* ---- Hashing ------------------------------------------------------------------------------------------------- */

enum { EMP_HASH_BYTES = 32, EMP_DIHEDRAL_COUNT = 8, EMP_GRID = 64, EMP_COEFFICIENTS = 16 };

/* Interleaved 8-bit samples, row-major. Row y begins at data + y·stride.
 * channels: 1 grey, 3 RGB, 4 RGBA (alpha is ignored, as the reference does). */
typedef struct emp_pixels {
  const uint8_t* data;
  size_t size; /* bytes that may be read from data */
  uint32_t width, height, channels;
  size_t stride; /* bytes from one row to the next, ≥ width·channels */
} emp_pixels;

/* EMP_OK when every sample lies inside `size` bytes and the sides are 1 … 2^24. */
emp_status emp_pixels_check(const emp_pixels* pixels);

typedef enum emp_way {
  EMP_WAY_AUTO = 0, /* separable weights where their certificate holds, else exact: always the exact way's answer */
  EMP_WAY_EXACT,    /* the reference's order of float operations, streaming */
  EMP_WAY_WEIGHTS   /* separable weights without the certificate: for tests and benchmarks, may differ */
} emp_way;

typedef enum emp_compat {
  EMP_COMPAT_NONE = 0,
  EMP_COMPAT_CPP_CLI /* first to 512×512, nearest neighbour, when a side is above 512, as the C++ tool does */
} emp_compat;

typedef struct emp_hash_options {
  const emp_kernel* kernel; /* NULL: the best supported */
  emp_way way;
  emp_compat compat;
  int dihedral; /* 1: fill all eight dihedral hashes */
  emp_cancel cancel;
} emp_hash_options;

typedef enum emp_way_taken { EMP_TOOK_NONE = 0, EMP_TOOK_EXACT, EMP_TOOK_WEIGHTS, EMP_TOOK_FALLBACK } emp_way_taken;

/* A hash is stored most significant byte first: byte 0 holds the first two hex digits.
 * dihedral, in this order: orig rot90 rot180 rot270 flipX flipY flipPlus1 flipMinus1. */
typedef struct emp_hash_result {
  uint8_t hash[EMP_HASH_BYTES];
  uint8_t dihedral[EMP_DIHEDRAL_COUNT][EMP_HASH_BYTES];
  int32_t quality;     /* 0 … 100 */
  int32_t stable;      /* 0 when the largest |coefficient| is below 0.1: such a hash is rounding noise */
  emp_way_taken taken; /* NONE when a side is below 5 pixels: the all-zero hash, quality 0 */
} emp_hash_result;

emp_status emp_hash(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result);

/* The intermediate buffers of one hash, for known-answer and differential tests. */
typedef struct emp_hash_trace {
  float grid[EMP_GRID * EMP_GRID];                         /* after filter and decimation, row-major */
  float coefficients[EMP_COEFFICIENTS * EMP_COEFFICIENTS]; /* i vertical, j horizontal frequency */
  float median;
} emp_hash_trace;

/* As emp_hash with EMP_WAY_EXACT or EMP_WAY_WEIGHTS (AUTO is EMP_BAD_OPTION), for sides of at least 5 pixels. */
emp_status emp_hash_traced(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result,
                           emp_hash_trace* trace);
/* Luma of row y into `out` (width floats). */
emp_status emp_luma_row(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t y, float* out);

/* ---- Samples that are not 8-bit grey or RGB -------------------------------------------------------------------- */

/* `samples` 16-bit native-endian values in `buffer` become as many 8-bit ones, v → round(v/257), in place. */
void emp_repack_16_to_8(uint8_t* buffer, size_t samples);
/* `pixels` CMYK quadruples (255 = full ink) become RGB triples in place: R = round((255−C)(255−K)/255), … */
void emp_repack_cmyk_to_rgb(uint8_t* buffer, size_t pixels);
/* Every second (grey + alpha) sample is kept, in place. */
void emp_repack_drop_alpha(uint8_t* buffer, size_t pixels);

/* ---- Hash values --------------------------------------------------------------------------------------------- */

/* Hex (64 digits, either case, optional 0x, surrounding white space) or base64 (44 characters with '=', 43 without;
 * the URL alphabet too). */
emp_status emp_hash_parse(const char* text, size_t length, uint8_t out[EMP_HASH_BYTES]);
/* 64 lower-case digits, not terminated. */
void emp_hash_to_hex(const uint8_t hash[EMP_HASH_BYTES], char out[64]);
uint32_t emp_hash_distance(const uint8_t a[EMP_HASH_BYTES], const uint8_t b[EMP_HASH_BYTES]);

/* Why a hash would match unrelated pictures; EMP_DEGENERATE_NONE for an ordinary one. */
typedef enum emp_degenerate {
  EMP_DEGENERATE_NONE = 0,
  EMP_DEGENERATE_ALL_ZERO,
  EMP_DEGENERATE_ALL_ONE,
  EMP_DEGENERATE_UNBALANCED, /* fewer than 64 or more than 192 bits set; a PDQ hash has 128 or just under */
  EMP_DEGENERATE_PERIODIC    /* one 1-, 2- or 4-byte pattern, or one row of 16 bits, throughout */
} emp_degenerate;
emp_degenerate emp_hash_degenerate(const uint8_t hash[EMP_HASH_BYTES]);
const char* emp_degenerate_message(emp_degenerate reason);

/* ---- List files ---------------------------------------------------------------------------------------------- */

typedef enum emp_list_form {
  EMP_LIST_UNKNOWN = 0, /* no line that could be read so far */
  EMP_LIST_PLAIN,       /* <hash>, or <hash>,<metadata> */
  EMP_LIST_SIGNALS,     /* <signal type> <signal> */
  EMP_LIST_SIGNAL_CSV   /* header signal_type,signal_str,collab,category,tags */
} emp_list_form;

typedef enum emp_list_problem {
  EMP_LIST_BAD_HASH_LENGTH = 0,
  EMP_LIST_BAD_HASH_CHARACTER,
  EMP_LIST_NUL_BYTE,
  EMP_LIST_LINE_TOO_LONG, /* above 65,536 bytes */
  EMP_LIST_OTHER_SIGNAL,  /* a signal type that is not pdq */
  EMP_LIST_MISSING_FIELD,
  EMP_LIST_OPEN_QUOTE, /* a quoted field that never ends */
  EMP_LIST_DEGENERATE_ALL_ZERO,
  EMP_LIST_DEGENERATE_ALL_ONE,
  EMP_LIST_DEGENERATE_UNBALANCED,
  EMP_LIST_DEGENERATE_PERIODIC
} emp_list_problem;
const char* emp_list_problem_message(emp_list_problem problem);

/* Called while emp_list_feed and emp_list_finish run; spans are valid during the call only. Lines count from 1. */
typedef struct emp_list_sink {
  void* context;
  void (*entry)(void* context, uint64_t line, const uint8_t hash[EMP_HASH_BYTES], const char* metadata,
                size_t metadata_length);
  void (*problem)(void* context, uint64_t line, emp_list_problem problem);
} emp_list_sink;

/* A reader keeps at most one line; one thread at a time. */
typedef struct emp_list emp_list;
emp_status emp_list_create(int allow_degenerate, emp_list** out);
emp_status emp_list_feed(emp_list* list, const uint8_t* data, size_t size, const emp_list_sink* sink);
emp_status emp_list_finish(emp_list* list, const emp_list_sink* sink);
emp_list_form emp_list_get_form(const emp_list* list);
void emp_list_destroy(emp_list* list);

/* ---- Search -------------------------------------------------------------------------------------------------- */

/* Rows are append-only, numbered from 0. emp_index_add from one thread at a time; snapshots are immutable, may be
 * searched from any number of threads and outlive the index. */
typedef struct emp_index emp_index;
typedef struct emp_snapshot emp_snapshot;
emp_status emp_index_create(emp_index** out);
void emp_index_destroy(emp_index* index);
/* `hashes` is count·32 bytes. All or nothing. At most 2^32−1 rows. */
emp_status emp_index_add(emp_index* index, const uint8_t* hashes, size_t count);
size_t emp_index_size(const emp_index* index);
size_t emp_index_bytes(const emp_index* index);
emp_status emp_index_snapshot(const emp_index* index, emp_snapshot** out);
void emp_snapshot_release(emp_snapshot* snapshot);

typedef struct emp_hit {
  uint32_t query; /* position of the query in its batch */
  uint32_t row;
  uint32_t distance;
} emp_hit;

/* Every row within `radius` of each query, sorted by query, distance, row. `*hits` is released by emp_hits_free. */
emp_status emp_search(const emp_snapshot* snapshot, const emp_kernel* kernel, const uint8_t* queries,
                      size_t query_count, uint32_t radius, const emp_cancel* cancel, emp_hit** hits, size_t* hit_count);
void emp_hits_free(emp_hit* hits);

#ifdef __cplusplus
}
#endif
#endif
