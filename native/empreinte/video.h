/* Videos: which stretches of two are the same, and what a frame shows. */
#ifndef EMPREINTE_VIDEO_H
#define EMPREINTE_VIDEO_H

#include <stddef.h>
#include <stdint.h>

#include "pixels.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A video as hashes in the order of time, either of frames or of runs of frames that are nearly the same. */
typedef struct emp_video {
  const uint8_t* hashes; /* count·32 bytes. */
  const double* from;    /* Seconds, not descending. */
  const double* to;      /* The end of each run in seconds; equal to `from` for a frame. */
  size_t count;          /* Below 2^31. */
  double duration;       /* Seconds. */
  double spacing;        /* Seconds between two samples of the video, for example 1 with one hash a second. */
} emp_video;

/* A pair of hashes near each other, around which the alignment searches. */
typedef struct emp_video_near {
  uint32_t query, known;
} emp_video_near;

typedef struct emp_video_options {
  uint32_t radius;              /* 0 … 256: up to this distance two hashes show the same image by themselves. */
  uint32_t support_radius;      /* radius … 256: up to this distance they support a stretch, less with distance. */
  double min_speed, max_speed;  /* 0.1 … 10. */
  const emp_video_near* places; /* NULL searches everywhere, which suits two videos of minutes. */
  size_t place_count;
  const float* weights;         /* How much each query hash counts, 0 … 1. NULL makes all 1. */
  const float* partial_weights; /* The same for stretches that are only a part of both videos. NULL makes all 1. */
  int include_weak;             /* 1 also returns stretches whose evidence is too weak for a match. */
  emp_cancel cancel;
} emp_video_options;

/* A stretch of the query that is the same as a stretch of the known video. Times are in seconds. */
typedef struct emp_video_segment {
  double query_from, query_to, known_from, known_to;
  double speed;        /* Seconds of the known video in one second of the query. */
  double distance;     /* The mean number of differing bits. */
  double share;        /* The share of samples on the sparser side that match, 0 … 1. */
  double evidence;     /* How many distinct images match, by weight, at most one a second. */
  double static_share; /* The share of time in which nothing moves, 0 … 1; -1 where neither side is dense enough. */
  uint32_t nearest, matches;
} emp_video_segment;

enum { EMP_VIDEO_SEGMENTS = 64 };

/* A rectangle in an image. Its sides are shares of the image's width and height, 0 … 1. */
typedef struct emp_box {
  float left, top, right, bottom;
} emp_box;

enum { EMP_BOXES_MOST = 13, EMP_BOX_LEAST = 32 };
/* Finds rectangles of a frame that may contain another image: within borders, bars or a collage. The surest come first,
 * trimmed borders before rectangles between straight edges. `out` has room for EMP_BOXES_MOST. An image with a side
 * below EMP_BOX_LEAST pixels has none. Returns EMP_BAD_GEOMETRY, EMP_BAD_KERNEL or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_frame_boxes(const emp_pixels* pixels, emp_box* out, size_t* count);

/* Scores how synthetic an image looks: the percentage of its change in brightness that is in the tenth of it where it
 * changes most. Most camera images are below 50; cards, countdowns and test patterns are above 57; an image of one
 * colour has 100. An image with a side below 64 pixels has 0, which says nothing. Returns EMP_BAD_GEOMETRY when the
 * pixels do not fit. */
emp_status emp_synthetic_score(const emp_pixels* pixels, uint32_t* percent);

/* Finds the stretches that both videos share, ordered by their place in the query. Gaps, another order and repeats are
 * allowed. *count is at most EMP_VIDEO_SEGMENTS. Returns EMP_BAD_RADIUS, EMP_BAD_OPTION, EMP_CANCELLED or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_video_align(const emp_video* query, const emp_video* known, const emp_video_options* options,
                           emp_video_segment segments[EMP_VIDEO_SEGMENTS], size_t* count);

#ifdef __cplusplus
}
#endif
#endif
