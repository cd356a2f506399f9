/* The samples of an image, and how others become 8-bit grey or RGB. */
#ifndef EMPREINTE_PIXELS_H
#define EMPREINTE_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "kernel.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Interleaved 8-bit samples in row-major order. Row y begins at data + y·stride. */
typedef struct emp_pixels {
  const uint8_t* data;
  size_t size;            /* Bytes that may be read from `data`. */
  uint32_t width, height; /* Pixels. */
  uint32_t channels;      /* 1 grey, 3 RGB, 4 RGBA. Alpha is ignored, as the reference does. */
  size_t stride;          /* Bytes from one row to the next, at least width·channels. */
} emp_pixels;

/* Returns EMP_OK when every sample is within `size` bytes, both sides are 1 … 2^24 pixels and there are 1, 3 or 4
 * channels. Otherwise it returns EMP_BAD_GEOMETRY. */
emp_status emp_pixels_check(const emp_pixels* pixels);

/* The following functions work in place and cannot fail. */

/* Converts `samples` 16-bit native-endian values to as many 8-bit ones in place: v → round(v/257). */
void emp_repack_16_to_8(uint8_t* buffer, size_t samples);
/* Converts `pixels` CMYK quadruples (255 is full ink) to RGB triples in place: R = round((255−C)(255−K)/255). */
void emp_repack_cmyk_to_rgb(uint8_t* buffer, size_t pixels);
/* Keeps every second sample of grey with alpha, in place. */
void emp_repack_drop_alpha(uint8_t* buffer, size_t pixels);
/* Expands the luma of limited-range video (16 … 235) to the full range in place: v → round((v−16)·255/219). A NULL
 * `kernel` selects the best supported one. */
void emp_repack_limited_luma(const emp_kernel* kernel, uint8_t* buffer, size_t samples);

#ifdef __cplusplus
}
#endif
#endif
