#include "pass.h"

#include <algorithm>

#include "multi_index.h"
#include "planner.h"

namespace empreinte {
namespace {

constexpr uint32_t kTileRows = 1024;
// What a hit costs in scanned rows, through the multi-index and in a scan.
constexpr uint64_t kHitCost = 1000, kScanHitCost = 20;

// Charges `cost` and returns whether any budget is left.
bool spend(uint64_t* budget, uint64_t cost) {
  *budget = *budget > cost ? *budget - cost : 0;
  return *budget > 0;
}

// The shards in their order, and the delta behind them.
Source source_at(const Version& version, uint32_t i) {
  if (i == version.shard_count)
    return {nullptr, version.delta != nullptr ? version.delta->blocks() : nullptr, version.delta_rows,
            version.delta_tombstones, version.delta};
  const LiveShard& live = version.shards[i];
  return {live.shard, live.shard->blocks, live.shard->rows, live.tombstones, nullptr};
}

emp_search_strategy strategy_for(const Source& source, emp_search_strategy wanted, uint32_t radius, size_t count) {
  const bool able = source.tables() > 0 && radius <= most_multi_index_radius(source.tables());
  if (wanted == EMP_STRATEGY_MULTI_INDEX) return able ? EMP_STRATEGY_MULTI_INDEX : EMP_STRATEGY_COLUMNS;
  if (wanted != EMP_STRATEGY_AUTO) return wanted;
  if (able && multi_index_pays(source.rows, source.tables(), radius, count)) return EMP_STRATEGY_MULTI_INDEX;
  return count >= kBatch ? EMP_STRATEGY_TILED : EMP_STRATEGY_COLUMNS;
}

}  // namespace

uint64_t pass_cost(const Version& version, const emp_search_options& options, size_t count) {
  uint64_t cost = 0;
  for (uint32_t i = 0; count > 0 && i <= version.shard_count; ++i) {
    const Source source = source_at(version, i);
    if (source.rows == 0) continue;
    const bool indexed = strategy_for(source, options.strategy, options.radius, count) == EMP_STRATEGY_MULTI_INDEX;
    const uint64_t one = indexed ? multi_index_cost(source.rows, options.radius) : source.rows;
    if (one > (UINT64_MAX - cost) / count) return UINT64_MAX;
    cost += count * one;
  }
  return cost;
}

Pass::Pass(const Version& version, const emp_search_options& options, const Row* queries, size_t count, Hits* hits,
           uint32_t keep)
    : version_(version),
      options_(options),
      queries_(queries),
      count_(count),
      hits_(*hits),
      keep_(keep),
      radius_(options.radius) {}

emp_status Pass::run(uint64_t* budget, bool* done) {
  for (*done = false; shard_ <= version_.shard_count; ++shard_, query_ = 0, row_ = 0, table_ = 0, begun_ = false) {
    const Source source = source_at(version_, shard_);
    if (source.rows == 0) continue;
    // The strategy is chosen once for each shard, because the radius may shrink on the way. Hits of the previous shard
    // are no longer pruned.
    if (!begun_) {
      strategy_ = strategy_for(source, options_.strategy, radius_, count_);
      prune_at_ = SIZE_MAX;
    }
    begun_ = true;
    bool shard_done = false;
    const emp_status status = search(source, budget, &shard_done);
    if (status != EMP_OK) return status;
    if (!shard_done) return EMP_OK;
  }
  *done = true;
  return EMP_OK;
}

bool Pass::cancelled() const {
  return options_.cancel.poll != nullptr && options_.cancel.poll(options_.cancel.context) != 0;
}

emp_status Pass::search(const Source& source, uint64_t* budget, bool* done) {
  if (strategy_ == EMP_STRATEGY_TILED && scan_columns(radius_) > 0) return tiled(source, budget, done);
  const bool whole_rows = strategy_ == EMP_STRATEGY_SCAN || strategy_ == EMP_STRATEGY_TILED;
  for (; query_ < count_; ++query_, row_ = 0, table_ = 0) {
    if (row_ == 0 && table_ == 0) begin_query(source);
    bool query_done = true;
    emp_status status = EMP_OK;
    if (!scan_this_) status = multi_index(source, budget, &query_done);
    if (scan_this_ && status == EMP_OK) status = scan(source, whole_rows, budget, &query_done);
    if (status != EMP_OK) return status;
    if (!query_done) return EMP_OK;
  }
  *done = true;
  return EMP_OK;
}

// With a limit, a query that matches everything need not keep every hit: the nearest of this shard are enough.
void Pass::begin_query(const Source& source) {
  const bool any = options_.strategy == EMP_STRATEGY_AUTO;
  scan_this_ = strategy_ != EMP_STRATEGY_MULTI_INDEX || (any && crowded(*source.shard, queries_[query_]));
  rows_left_ = any ? crowd_of(source.rows) : UINT64_MAX;
  first_hit_ = hits_.size();
  prune_at_ = options_.limit > 0 ? first_hit_ + options_.limit + std::max(options_.limit, 1024u) : SIZE_MAX;
}

// Searches through all tables at once or, where that would take long, through one table after the other. When too many
// rows come up, it drops what it found and leaves the query to a scan.
emp_status Pass::multi_index(const Source& source, uint64_t* budget, bool* done) {
  struct Context {
    Pass* pass;
    const Source* source;
  } context = {this, &source};
  const RowSink sink = {&context, [](void* c, const uint32_t* rows, const uint16_t* distances, uint32_t count) {
                          auto* at = static_cast<Context*>(c);
                          return at->pass->take_all(*at->source, at->pass->query_, rows, distances, count);
                        }};
  const uint32_t tables = source.tables(), step = radius_ <= 47 ? tables : 1;
  const uint64_t cost = multi_index_cost(source.rows, radius_) * step / tables;
  while (table_ < tables) {
    const size_t before = hits_.size();
    const emp_status status = multi_index_search(*source.shard, *options_.kernel, queries_[query_], radius_, table_,
                                                 table_ + step, options_.cancel, sink, &rows_left_);
    if (status != EMP_OK) return status;
    if (rows_left_ == 0) {
      hits_.shrink(first_hit_);
      scan_this_ = true;
      return EMP_OK;
    }
    table_ += step;
    if (!spend(budget, cost + kHitCost * (hits_.size() - before))) {
      *done = false;
      return EMP_OK;
    }
  }
  return EMP_OK;
}

// The kernel compares whole steps of sixteen rows. The last rows are compared one by one: a writer may be appending to
// the delta behind them.
emp_status Pass::scan(const Source& source, bool whole_rows, uint64_t* budget, bool* done) {
  uint32_t row[kBlockRows];
  uint16_t distance[kBlockRows];
  while (row_ < source.rows) {
    if (cancelled()) return EMP_CANCELLED;
    const uint32_t n = std::min(kBlockRows, source.rows - row_), whole = n & ~15u;
    const uint32_t columns = whole_rows ? 0 : scan_columns(radius_);
    const uint32_t found = options_.kernel->scan_block(source.blocks[row_ / kBlockRows], whole, queries_[query_],
                                                       radius_, columns, row, distance);
    for (uint32_t i = 0; i < found; ++i)
      if (!take(source, query_, row_ + row[i], distance[i])) return EMP_OUT_OF_MEMORY;
    if (!verify(source, query_, row_ + whole, row_ + n)) return EMP_OUT_OF_MEMORY;
    if (keep_ > 0) narrow();
    row_ += n;
    if (!spend(budget, n + kScanHitCost * found) && row_ < source.rows) {
      *done = false;
      return EMP_OK;
    }
  }
  return EMP_OK;
}

// Every tile of rows stays in the first cache while all queries pass over it, four at a time.
emp_status Pass::tiled(const Source& source, uint64_t* budget, bool* done) {
  const uint32_t columns = scan_columns(radius_);
  uint32_t steps[4 * kTileRows / 16];
  while (row_ < source.rows) {
    const Block& block = source.blocks[row_ / kBlockRows];
    const uint32_t n = std::min(kTileRows, source.rows - row_), whole = n & ~15u, block_row = row_ - row_ % kBlockRows;
    for (size_t& q = tile_query_; q < count_; q += 4) {
      // A batch of a million queries is interrupted within a tile too.
      if (q % 1024 == 0) {
        if (cancelled()) return EMP_CANCELLED;
        if (*budget == 0) return EMP_OK;
        spend(budget, uint64_t{n} * std::min<size_t>(1024, count_ - q) / 4);
      }
      Row four[4];
      for (size_t k = 0; k < 4; ++k) four[k] = queries_[std::min(q + k, count_ - 1)];
      const uint32_t found =
          options_.kernel->prefilter4(block, row_ % kBlockRows, whole, four, columns, radius_, steps);
      for (uint32_t i = 0; i < found; ++i) {
        const size_t query = q + steps[i] % 4;
        const uint32_t first = block_row + steps[i] / 4 * 16;
        if (query < count_ && !verify(source, query, first, first + 16)) return EMP_OUT_OF_MEMORY;
      }
      for (size_t k = q; whole < n && k < std::min(q + 4, count_); ++k)
        if (!verify(source, k, row_ + whole, row_ + n)) return EMP_OUT_OF_MEMORY;
    }
    tile_query_ = 0;
    row_ += n;
  }
  *done = true;
  return EMP_OK;
}

bool Pass::verify(const Source& source, size_t query, uint32_t from, uint32_t to) {
  for (uint32_t row = from; row < to; ++row) {
    const uint32_t distance = distance_of(source.blocks[row / kBlockRows].row(row % kBlockRows), queries_[query]);
    if (distance <= radius_ && !take(source, query, row, distance)) return false;
  }
  return true;
}

bool Pass::take(const Source& source, size_t query, uint32_t row, uint32_t distance) {
  if (source.tombstones != nullptr && source.tombstones->has(row)) return true;
  if (options_.filter != 0) {
    const uint8_t tag = source.tag(row);
    if ((options_.tags[tag / 64] >> tag % 64 & 1) == 0) return true;
  }
  if (!hits_.push({source.id(row), static_cast<uint32_t>(query), distance})) return false;
  if (hits_.size() == prune_at_) prune();
  return true;
}

// The rows may be anywhere in a shard, so their ids are fetched ahead.
bool Pass::take_all(const Source& source, size_t query, const uint32_t* rows, const uint16_t* distances,
                    uint32_t count) {
  constexpr uint32_t kAhead = 16;
  for (uint32_t i = 0; i < std::min(count, kAhead); ++i) fetch(source.shard->ids.place(rows[i]));
  for (uint32_t i = 0; i < count; ++i) {
    if (i + kAhead < count) fetch(source.shard->ids.place(rows[i + kAhead]));
    if (!take(source, query, rows[i], distances[i])) return false;
  }
  return true;
}

void Pass::prune() {
  emp_hit* first = hits_.begin() + first_hit_;
  emp_hit* end = options_.separate_crops != 0 ? hits_.end() : merge_crops(first, hits_.end());
  if (static_cast<size_t>(end - first) > options_.limit) {
    std::nth_element(first, first + options_.limit, end, before);
    end = first + options_.limit;
  }
  hits_.shrink(static_cast<size_t>(end - hits_.begin()));
}

// Only the `keep` nearest hits count. Rows farther than the last of them need no further search.
void Pass::narrow() {
  if (hits_.size() < std::max<size_t>(2 * size_t{keep_}, 64)) return;
  finish(&hits_, keep_, options_.separate_crops == 0);
  if (hits_.size() == keep_) radius_ = (hits_.end() - 1)->distance;
}

}  // namespace empreinte
