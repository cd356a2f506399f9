// One pass of some queries over a version. It visits every shard and then the delta, each by the strategy that the
// planner chooses, and leaves out removed rows and rows with other tags. A pass runs in slices, so that a long search
// need not occupy a thread.
#pragma once
#include "../index/version.h"
#include "hits.h"

namespace empreinte {

// What a pass searches: a shard, or the delta.
struct Source {
  const Shard* shard;  // null for the delta
  const Block* blocks;
  uint32_t rows;
  const Tombstones* tombstones;  // null when no row is removed
  const Delta* delta;            // null for a shard
  uint64_t id(uint32_t row) const { return shard != nullptr ? shard->ids.at(row) : delta->ids[row]; }
  uint8_t tag(uint32_t row) const {
    if (shard == nullptr) return delta->tags[row];
    return shard->tags != nullptr ? shard->tags[row] : 0;
  }
  uint32_t tables() const { return shard != nullptr ? shard->tables : 0; }
};

// Returns about what a pass of `count` queries costs in row comparisons, without its hits.
uint64_t pass_cost(const Version& version, const emp_search_options& options, size_t count);

class Pass {
 public:
  // Appends the hits of `count` queries to `hits`. With `keep` above 0 there is one query, and the pass may leave out
  // hits that are not among its `keep` nearest.
  Pass(const Version& version, const emp_search_options& options, const Row* queries, size_t count, Hits* hits,
       uint32_t keep = 0);

  // Continues until the pass is complete, which sets *done, or `*budget` row comparisons are used up.
  emp_status run(uint64_t* budget, bool* done);

 private:
  bool cancelled() const;
  void begin_query(const Source& source);
  emp_status search(const Source& source, uint64_t* budget, bool* done);
  emp_status multi_index(const Source& source, uint64_t* budget, bool* done);
  emp_status scan(const Source& source, bool whole_rows, uint64_t* budget, bool* done);
  emp_status tiled(const Source& source, uint64_t* budget, bool* done);
  bool verify(const Source& source, size_t query, uint32_t from, uint32_t to);
  bool take(const Source& source, size_t query, uint32_t row, uint32_t distance);
  bool take_all(const Source& source, size_t query, const uint32_t* rows, const uint16_t* distances, uint32_t count);
  void prune();
  void narrow();

  const Version& version_;
  const emp_search_options& options_;
  const Row* queries_;
  const size_t count_;
  Hits& hits_;
  const uint32_t keep_;
  uint32_t radius_;
  // The position of the pass: a shard, a query, and a row or a table.
  uint32_t shard_ = 0, row_ = 0, table_ = 0;
  size_t query_ = 0, tile_query_ = 0;
  // The hits of the query at hand begin here; at `prune_at_` all but the nearest are dropped.
  size_t first_hit_ = 0, prune_at_ = SIZE_MAX;
  uint64_t rows_left_ = UINT64_MAX;  // that the multi-index may still read for this query
  bool begun_ = false, scan_this_ = false;
  emp_search_strategy strategy_ = EMP_STRATEGY_AUTO;
};

}  // namespace empreinte
