/* Views: quadrilaterals of a query image that may be an altered original. */
#ifndef EMPREINTE_VIEWS_H
#define EMPREINTE_VIEWS_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "kernel.h"
#include "pixels.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The idea that produced a view. */
typedef enum emp_view_kind {
  EMP_VIEW_WHOLE = 0,
  EMP_VIEW_TRIMMED,       /* Without border, bars or letterbox. */
  EMP_VIEW_COMPONENT,     /* An image inside a user interface. */
  EMP_VIEW_RECTANGLE,     /* Between long straight edges. */
  EMP_VIEW_QUADRILATERAL, /* Seen in perspective. */
  EMP_VIEW_HALF,          /* A piece of a collage. */
  EMP_VIEW_ZOOM_IN,
  EMP_VIEW_ZOOM_OUT,
  EMP_VIEW_ROTATION,
  EMP_VIEW_ALIGNED /* Moved towards one known hash. */
} emp_view_kind;

/* A quadrilateral in the query image: its corners top left, top right, bottom right and bottom left, as shares of the
 * image's width and height. Outside 0 … 1 the image is continued by its own edge. */
typedef struct emp_view {
  float x[4], y[4];
  uint32_t kind;        /* An emp_view_kind. */
  uint32_t orientation; /* 0 … 7: the order of the corners, numbered as emp_hash_result.dihedral is. */
} emp_view;

/* The hash of a view. */
typedef struct emp_view_hash {
  emp_view view;
  uint8_t hash[EMP_HASH_BYTES];
  int32_t quality, stable; /* As in emp_hash_result. */
  int32_t flat;            /* Four fifths of a detected view have one colour: a card, a text, a dark image. */
} emp_view_hash;

/* Groups of views, in the order in which a search tries them. */
typedef enum emp_view_stage EMP_ANY_NUMBER {
  EMP_STAGE_TURNED = 0, /* The other seven orientations. */
  EMP_STAGE_DETECTED,   /* What detectors find inside borders, interfaces and frames. */
  EMP_STAGE_FIXED,      /* Pieces of a collage, small crops and rotations. */
  EMP_STAGE_LARGE       /* Larger crops and rotations, from which an alignment may start. */
} emp_view_stage;

enum { EMP_STAGE_MOST = 64 };

/* A query image, reduced to the working copy that views are sampled from. Only one thread may use it at a time. */
typedef struct emp_views emp_views;
/* Creates the working copy, which emp_views_destroy frees, and keeps nothing of `pixels`. A NULL `kernel` selects the
 * best supported one. Returns EMP_BAD_GEOMETRY when a side is below 5 pixels, EMP_BAD_KERNEL or EMP_OUT_OF_MEMORY. */
emp_status emp_views_create(const emp_pixels* pixels, const emp_kernel* kernel, emp_views** out);
/* Frees a working copy. */
void emp_views_destroy(emp_views* views);
/* Returns the share of pixels in the most frequent of 16³ colour cells, 0 … 1. Text screens, charts and title cards
 * have 0.8 and more. */
float emp_views_flatness(const emp_views* views);
/* Hashes the views of a stage, the most promising first. It leaves out a view whose hash is within 2 bits of an earlier
 * one. *count is at most EMP_STAGE_MOST, whatever the image. Returns EMP_BAD_OPTION, EMP_CANCELLED or EMP_OUT_OF_MEMORY
 * on failure. */
emp_status emp_views_stage(emp_views* views, emp_view_stage stage, const emp_cancel* cancel,
                           emp_view_hash out[EMP_STAGE_MOST], size_t* count);
/* Hashes one view. `side` is the assumed size of the original in pixels, at most 2^24; 0 assumes the size of the view.
 * Returns EMP_BAD_OPTION for a larger side, or EMP_BAD_GEOMETRY when the corners make no proper quadrilateral. */
emp_status emp_views_hash(emp_views* views, const emp_view* view, uint32_t side, emp_view_hash* out);
/* Moves `from` until its hash is as near to `target` as possible, with at most some 200 small hashes. Returns
 * EMP_BAD_GEOMETRY when the corners of `from` make no proper quadrilateral. */
emp_status emp_views_align(emp_views* views, const emp_view* from, const uint8_t target[EMP_HASH_BYTES],
                           emp_view_hash* out);

/* Makes a smaller copy of width·height pixels, each the mean of the pixels it stands for. Neither side may be longer
 * than that of `pixels`. `out` has rows without gaps: one sample for each grey pixel, otherwise three. Returns
 * EMP_BAD_GEOMETRY or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_shrink(const emp_pixels* pixels, uint32_t width, uint32_t height, uint8_t* out);

#ifdef __cplusplus
}
#endif
#endif
