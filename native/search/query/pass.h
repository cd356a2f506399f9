// One pass of some queries over a version: each part and the delta the way the planner chooses, what is removed or of
// another bank left out. In slices, so that a long search need not hold a thread.
#pragma once
#include <algorithm>

#include "hits.h"
#include "multi_index.h"
#include "planner.h"
#include "../index/version.h"

namespace empreinte {

constexpr uint32_t kTileRows = 1024;
// Of a hit, in rows of a scan: by the multi-index, and by a scan.
constexpr uint64_t kHitCost = 1000, kScanHitCost = 20;

// A part or the delta, seen alike.
struct Source {
  const Segment* segment;  // null: the delta
  const Block* blocks;
  uint32_t rows;
  const Tombstones* gone;
  const Delta* delta;
  uint64_t id(uint32_t row) const { return segment != nullptr ? segment->ids.at(row) : delta->ids[row]; }
  uint8_t bank(uint32_t row) const {
    if (segment == nullptr) return delta->banks[row];
    return segment->banks != nullptr ? segment->banks[row] : 0;
  }
  uint32_t tables() const { return segment != nullptr ? segment->tables : 0; }
};

// One pass over a version, in slices: where it stands is part, query, and row or table.
class Pass {
 public:
  // With `keep`, for one query: hits that are not among the `keep` nearest may be left out.
  Pass(const Version& version, const emp_search_options& options, const Row* queries, size_t count, Hits* hits,
       uint32_t keep = 0)
      : version_(version),
        options_(options),
        queries_(queries),
        count_(count),
        hits_(*hits),
        keep_(keep),
        radius_(options.radius) {}

  // Goes on until it is done or `*budget` is used up.
  emp_status run(uint64_t* budget, bool* done) {
    for (*done = false; part_ <= version_.part_count; ++part_, query_ = 0, row_ = 0, table_ = 0, begun_ = false) {
      const Source source = source_at(part_);
      if (source.rows == 0) continue;
      // Once a part: the radius may shrink on the way. What a query of the part before gave is not to be pruned any
      // more.
      if (!begun_) {
        way_ = way_for(source);
        prune_at_ = SIZE_MAX;
      }
      begun_ = true;
      bool through = false;
      const emp_status status = search(source, budget, &through);
      if (status != EMP_OK) return status;
      if (!through) return EMP_OK;
    }
    *done = true;
    return EMP_OK;
  }

 private:
  Source source_at(uint32_t i) const {
    if (i == version_.part_count)
      return {nullptr, version_.delta != nullptr ? version_.delta->blocks() : nullptr, version_.delta_rows,
              version_.delta_gone, version_.delta};
    const Part& part = version_.parts[i];
    return {part.segment, part.segment->blocks, part.segment->rows, part.gone, nullptr};
  }

  emp_search_way way_for(const Source& source) const {
    const bool able = source.tables() > 0 && radius_ <= most_multi_index_radius(source.tables());
    if (options_.way == EMP_SEARCH_MULTI_INDEX) return able ? EMP_SEARCH_MULTI_INDEX : EMP_SEARCH_COLUMNS;
    if (options_.way != EMP_SEARCH_AUTO) return options_.way;
    if (able && multi_index_pays(source.rows, source.tables(), radius_, count_)) return EMP_SEARCH_MULTI_INDEX;
    return count_ >= kBatch ? EMP_SEARCH_TILED : EMP_SEARCH_COLUMNS;
  }

  static bool spend(uint64_t* budget, uint64_t cost) {
    *budget = *budget > cost ? *budget - cost : 0;
    return *budget > 0;
  }

  emp_status search(const Source& source, uint64_t* budget, bool* through) {
    if (way_ == EMP_SEARCH_TILED && scan_columns(radius_) > 0) return tiled(source, budget, through);
    for (; query_ < count_; ++query_, row_ = 0, table_ = 0) {
      if (row_ == 0 && table_ == 0) begin_query(source);
      bool one = true;
      emp_status status = EMP_OK;
      if (!scan_this_) status = multi_index(source, budget, &one);
      if (scan_this_ && status == EMP_OK)
        status = scan(source, way_ == EMP_SEARCH_SCAN || way_ == EMP_SEARCH_TILED, budget, &one);
      if (status != EMP_OK) return status;
      if (!one) return EMP_OK;
    }
    *through = true;
    return EMP_OK;
  }

  bool cancelled() const {
    return options_.cancel.poll != nullptr && options_.cancel.poll(options_.cancel.context) != 0;
  }

  bool take(const Source& source, size_t query, uint32_t row, uint32_t distance) {
    if (source.gone != nullptr && source.gone->has(row)) return true;
    if (options_.filter != 0) {
      const uint8_t bank = source.bank(row);
      if ((options_.banks[bank / 64] >> bank % 64 & 1) == 0) return true;
    }
    if (!hits_.push({source.id(row), static_cast<uint32_t>(query), distance})) return false;
    if (hits_.size() == prune_at_) prune();
    return true;
  }

  // With a limit, a query that matches everything need not hold it all: of what this part gave it, the nearest stay.
  void begin_query(const Source& source) {
    const bool any = options_.way == EMP_SEARCH_AUTO;
    scan_this_ = way_ != EMP_SEARCH_MULTI_INDEX || (any && crowded(*source.segment, queries_[query_]));
    rows_left_ = any ? crowd_of(source.rows) : UINT64_MAX;
    first_hit_ = hits_.size();
    prune_at_ = options_.limit > 0 ? first_hit_ + options_.limit + std::max(options_.limit, 1024u) : SIZE_MAX;
  }
  void prune() {
    emp_hit* first = hits_.begin() + first_hit_;
    std::nth_element(first, first + options_.limit, hits_.end(), before);
    hits_.shrink(first_hit_ + options_.limit);
  }

  // Rows from anywhere in a part: their ids are fetched ahead.
  bool take_all(const Source& source, size_t query, const uint32_t* rows, const uint16_t* distances, uint32_t count) {
    constexpr uint32_t kAhead = 16;
    for (uint32_t i = 0; i < std::min(count, kAhead); ++i) fetch(source.segment->ids.place(rows[i]));
    for (uint32_t i = 0; i < count; ++i) {
      if (i + kAhead < count) fetch(source.segment->ids.place(rows[i + kAhead]));
      if (!take(source, query, rows[i], distances[i])) return false;
    }
    return true;
  }

  // All tables at once, or, where that would take long, one after the other. Where too many rows come up for that to be
  // worth it, what it found is dropped, and the query is to be scanned for.
  emp_status multi_index(const Source& source, uint64_t* budget, bool* through) {
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
      const emp_status status = multi_index_search(*source.segment, *options_.kernel, queries_[query_], radius_, table_,
                                                   table_ + step, options_.cancel, sink, &rows_left_);
      if (status != EMP_OK) return status;
      if (rows_left_ == 0) {
        hits_.shrink(first_hit_);
        scan_this_ = true;
        return EMP_OK;
      }
      table_ += step;
      if (!spend(budget, cost + kHitCost * (hits_.size() - before))) {
        *through = false;
        return EMP_OK;
      }
    }
    return EMP_OK;
  }

  // Whole steps of sixteen by the kernel, the last rows one by one: beyond them a writer may be at work on the delta.
  emp_status scan(const Source& source, bool whole_rows, uint64_t* budget, bool* through) {
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
        *through = false;
        return EMP_OK;
      }
    }
    return EMP_OK;
  }

  // Only the `keep` nearest count: those further than the last of them need not be looked for any more.
  void narrow() {
    if (hits_.size() < std::max<size_t>(2 * size_t{keep_}, 64)) return;
    finish(&hits_, keep_);
    radius_ = (hits_.end() - 1)->distance;
  }

  // Every tile of rows stays in the first cache while all queries pass over it, four at a time.
  emp_status tiled(const Source& source, uint64_t* budget, bool* through) {
    const uint32_t columns = scan_columns(radius_);
    uint32_t steps[4 * kTileRows / 16];
    while (row_ < source.rows) {
      const Block& block = source.blocks[row_ / kBlockRows];
      const uint32_t n = std::min(kTileRows, source.rows - row_), whole = n & ~15u,
                     block_row = row_ - row_ % kBlockRows;
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
    *through = true;
    return EMP_OK;
  }

  bool verify(const Source& source, size_t query, uint32_t from, uint32_t to) {
    for (uint32_t row = from; row < to; ++row) {
      const uint32_t distance = distance_of(source.blocks[row / kBlockRows].row(row % kBlockRows), queries_[query]);
      if (distance <= radius_ && !take(source, query, row, distance)) return false;
    }
    return true;
  }

  const Version& version_;
  const emp_search_options& options_;
  const Row* queries_;
  const size_t count_;
  Hits& hits_;
  const uint32_t keep_;
  uint32_t radius_;
  uint32_t part_ = 0, row_ = 0, table_ = 0;
  size_t query_ = 0, tile_query_ = 0;
  size_t first_hit_ = 0, prune_at_ = SIZE_MAX;
  uint64_t rows_left_ = UINT64_MAX;
  bool begun_ = false, scan_this_ = false;
  emp_search_way way_ = EMP_SEARCH_AUTO;
};

}  // namespace empreinte
