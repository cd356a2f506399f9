/* Searches of a snapshot of an index. */
#ifndef EMPREINTE_SEARCH_H
#define EMPREINTE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "index.h"
#include "kernel.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a search works. Every strategy gives the same answer. */
typedef enum emp_search_strategy EMP_ANY_NUMBER {
  EMP_STRATEGY_AUTO = 0,   /* Uses what measurements show to be fastest for the size, radius and batch. */
  EMP_STRATEGY_SCAN,       /* Reads every row whole, query after query. */
  EMP_STRATEGY_COLUMNS,    /* Reads every row, most of them only in their first 96 or 128 bits. */
  EMP_STRATEGY_TILED,      /* Compares a tile of rows with all queries, then the next tile. */
  EMP_STRATEGY_MULTI_INDEX /* Uses tables wherever a shard has them and the radius is at most 79 (8 tables: 39). */
} emp_search_strategy;

/* From how many rows on the multi-index is faster than a scan for queries up to a radius, where no smaller crossover
 * has the radius. */
typedef struct emp_crossover {
  uint32_t radius; /* 0 … 256 differing bits. */
  uint32_t single; /* Rows, for one query; UINT32_MAX is never. */
  uint32_t batch;  /* Rows, for each query of a batch; UINT32_MAX is never. */
} emp_crossover;
#define EMP_MOST_CROSSOVERS 16

/* Replaces the crossovers by which EMP_STRATEGY_AUTO chooses, for the whole process. Beyond the last radius every
 * search is a scan. A count of 0 restores the built-in crossovers. No answer depends on them, and any thread may call
 * this at any time. Returns EMP_BAD_RADIUS for a radius above 256, and EMP_BAD_OPTION for more than EMP_MOST_CROSSOVERS
 * or radii that do not ascend; the crossovers then stay as they were. */
emp_status emp_crossovers_set(const emp_crossover* crossovers, size_t count);

typedef struct emp_search_options {
  const emp_kernel* kernel; /* NULL selects the best supported kernel. */
  emp_search_strategy strategy;
  uint32_t radius;    /* 0 … 256 differing bits. */
  uint32_t limit;     /* Keeps this many nearest hits of each query; 0 keeps all. */
  int filter;         /* 1 finds only rows with one of `tags`. */
  uint64_t tags[4];   /* 256 bits; tag 0 is the lowest bit of the first number. */
  int separate_crops; /* 0 gives each entry once, by its nearest row; 1 gives every row. `limit` counts the same. */
  emp_cancel cancel;
} emp_search_options;

typedef struct emp_hit {
  uint64_t id;
  uint32_t query; /* The position of the query in its batch, from 0. */
  uint32_t distance;
} emp_hit;

/* One search, which may run in slices so that a long one need not occupy a thread. It keeps the state of its snapshot.
 * Only one thread may use it at a time. */
typedef struct emp_searcher emp_searcher;
/* Creates a search, which emp_searcher_destroy frees. It copies the queries, query_count·32 bytes. For each query it
 * finds every row within the radius. With `nearest` 1 it finds exactly the `limit` nearest rows within the radius,
 * smaller ids first among equals; `limit` is then at least 1. Returns EMP_BAD_RADIUS, EMP_BAD_OPTION, EMP_BAD_KERNEL or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_searcher_create(const emp_snapshot* snapshot, const uint8_t* queries, size_t query_count,
                               const emp_search_options* options, int nearest, emp_searcher** out);
/* Continues for about `budget` row comparisons of some 0.4 ns; UINT64_MAX runs to the end. *done becomes 1 at the end
 * of the search. Returns EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure, after which the search can only be destroyed.
 */
emp_status emp_searcher_run(emp_searcher* searcher, uint64_t budget, int* done);
/* Returns about how many row comparisons a search makes that has not begun, without its hits; UINT64_MAX for the
 * nearest, where nobody knows. */
uint64_t emp_searcher_cost(const emp_searcher* searcher);
/* Returns the hits of a finished search, sorted by query, distance and id. They belong to the searcher and stay valid
 * until it is destroyed. */
void emp_searcher_hits(const emp_searcher* searcher, const emp_hit** hits, size_t* count);
/* Frees a search, finished or not. */
void emp_searcher_destroy(emp_searcher* searcher);

#ifdef __cplusplus
}
#endif
#endif
