/* Local points: places in an image that are found again in a part of it. */
#ifndef EMPREINTE_LOCAL_H
#define EMPREINTE_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "kernel.h"
#include "pixels.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most points of a local record, and of a query with both orientations of each. */
enum { EMP_LOCAL_MOST_REGISTERED = 400, EMP_LOCAL_MOST_QUERY = 2000 };
/* Room for any local record. */
enum { EMP_LOCAL_MOST_BYTES = 24 + 38 * EMP_LOCAL_MOST_REGISTERED };

/* What an original may have undergone before it became a part of the query. */
typedef enum emp_local_form EMP_ANY_NUMBER {
  EMP_LOCAL_PLAIN = 0,
  EMP_LOCAL_MIRRORED,
  EMP_LOCAL_NEGATIVE,
  EMP_LOCAL_MIRRORED_NEGATIVE
} emp_local_form;

/* What a local record says of itself. */
typedef struct emp_local_record_info {
  uint32_t width, height; /* The original in pixels. */
  uint32_t points;
  uint32_t table; /* The id of the local table. */
} emp_local_record_info;

/* Writes the local record of an original: at most `most` (1 … EMP_LOCAL_MOST_REGISTERED) points, none for a flat image.
 * `out` has room for EMP_LOCAL_MOST_BYTES; *size is what was written. A NULL `kernel` selects the best supported one.
 * Returns EMP_BAD_GEOMETRY, EMP_BAD_OPTION, EMP_BAD_KERNEL, EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_register(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t most,
                              const emp_cancel* cancel, uint8_t* out, size_t* size);
/* Checks a local record. Returns EMP_BAD_RECORD, EMP_TRUNCATED_RECORD, EMP_NEWER_RECORD, EMP_OTHER_TABLE or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_record_check(const uint8_t* record, size_t size, emp_local_record_info* out);
/* Writes the descriptors of a local record, EMP_HASH_BYTES for each point, in the record's order. It fails as
 * emp_local_record_check does. */
emp_status emp_local_record_descriptors(const uint8_t* record, size_t size, uint8_t* out);

/* The local points of a query image. Any threads may read it at the same time. */
typedef struct emp_local_query emp_local_query;
/* Extracts the points, which emp_local_query_destroy frees, and keeps nothing of `pixels`. A flat image has none.
 * Returns EMP_BAD_GEOMETRY, EMP_BAD_KERNEL, EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_query_create(const emp_pixels* pixels, const emp_kernel* kernel, const emp_cancel* cancel,
                                  emp_local_query** out);
/* Extracts the points that emp_local_register would write, `most` of them, in the record's order: for training and for
 * tests. It fails as emp_local_register does. */
emp_status emp_local_registered_create(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t most,
                                       const emp_cancel* cancel, emp_local_query** out);
/* Frees a query. */
void emp_local_query_destroy(emp_local_query* query);
/* Returns how many points the query has, at most EMP_LOCAL_MOST_QUERY. */
uint32_t emp_local_query_points(const emp_local_query* query);
/* Writes the descriptors of a form, EMP_HASH_BYTES for each point, in the order of the points. */
void emp_local_query_descriptors(const emp_local_query* query, emp_local_form form, uint8_t* out);

/* A point's place in pixels of the working copy, whose left and upper edges are 0; its size in the same pixels; and its
 * orientation in radians, 0 … 2π, from right to down. */
typedef struct emp_local_place {
  float x, y, sigma, angle;
} emp_local_place;
/* Writes the place of each point. */
void emp_local_query_places(const emp_local_query* query, emp_local_place* out);

enum { EMP_LOCAL_HISTOGRAM = 128 };
/* Writes what the descriptors are made of, EMP_LOCAL_HISTOGRAM bytes for each point: for training. */
void emp_local_query_histograms(const emp_local_query* query, uint8_t* out);

/* How far a candidate may be trusted. */
typedef enum emp_local_tier {
  EMP_LOCAL_NONE = 0,
  EMP_LOCAL_REVIEW, /* A person should look. */
  EMP_LOCAL_MATCH   /* A machine may act on it. */
} emp_local_tier;

/* A descriptor of the query near one of a record's. */
typedef struct emp_local_vote {
  uint32_t query, known; /* The positions of the points. */
  uint32_t distance;     /* Differing bits. */
  uint32_t mirrored;     /* 1: the query's descriptor is that of the mirrored form. */
} emp_local_vote;

/* A record that the query may show, with every vote for it. */
typedef struct emp_local_candidate {
  const uint8_t* record;
  size_t record_size;
  const emp_local_vote* votes;
  size_t vote_count;
} emp_local_candidate;

/* What verification found. With EMP_LOCAL_NONE the rest says why: too few inliers, too little support. */
typedef struct emp_local_match {
  uint32_t tier;                   /* An emp_local_tier. */
  uint32_t mirrored;               /* 1 where the query shows the original mirrored. */
  uint32_t inliers;                /* Votes that agree with one map from the original to the query. */
  uint32_t support;                /* Points of the original that the query has where the map puts them. */
  uint32_t seen;                   /* Points of the original that the query could show. */
  double distance;                 /* The mean of the differing bits of the support. */
  double x[4], y[4];               /* The original's corners in the query, as emp_view has them. */
  double left, top, right, bottom; /* The box of the support, as shares of the original's sides. */
} emp_local_match;

/* A query's points, prepared for any number of candidates. Any threads may read it at the same time. */
typedef struct emp_local_verifier emp_local_verifier;
/* Prepares a query, which emp_local_verifier_destroy frees. `plain` and `mirrored` are the descriptors of these two
 * forms, or with `negative` 1 those of the two negative forms. They are copied, and `query` is not kept. Returns
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_verifier_create(const emp_local_query* query, const uint8_t* plain, const uint8_t* mirrored,
                                     int negative, emp_local_verifier** out);
/* Frees a verifier. */
void emp_local_verifier_destroy(emp_local_verifier* verifier);
/* Finds where the query shows the record's original. The thresholds of the tiers rise with `images`, the number of
 * images in the list. The work is bounded, whatever the votes. Returns EMP_BAD_OPTION when a vote names a point that
 * there is not, what emp_local_record_check returns, or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_verify(const emp_local_verifier* verifier, const emp_local_candidate* candidate, uint64_t images,
                            emp_local_match* out);

#ifdef __cplusplus
}
#endif
#endif
