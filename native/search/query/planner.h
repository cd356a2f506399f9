// Chooses the strategy for one shard. Every strategy gives the same answer. `planner.cc` has the crossovers.
#pragma once
#include "../../empreinte.h"
#include "../shard/shard.h"

namespace empreinte {

constexpr uint32_t kNever = UINT32_MAX;

// Returns the least number of rows from which the multi-index is faster than a scan up to a radius. Shards with tables
// of long chunks have more rows than that.
uint32_t crossover(uint32_t radius, bool batch);

// A batch of at least this many queries shares the reading of the rows.
constexpr size_t kBatch = 8;

// Returns how many columns a scan reads before it gives up sixteen rows. Unrelated rows differ in 48 ± 5 of the first
// 96 bits and in 64 ± 6 of the first 128. Beyond these radii most rows pass, and the check is in vain.
inline uint32_t scan_columns(uint32_t radius) { return radius <= 34 ? 3 : radius <= 48 ? 4 : 0; }

inline bool multi_index_pays(uint32_t rows, uint32_t tables, uint32_t radius, size_t queries) {
  if (tables == 0) return false;
  const uint32_t from = crossover(radius, queries >= kBatch);
  // A lean shard has only every second table, so a search makes some ten times as many probes.
  return from != kNever && rows / (tables == kChunks / 2 ? 10 : 1) >= from;
}

// Returns whether a query is in the middle of a sixtieth of all rows or more. Reading them one by one costs more than a
// scan, because they are in the query's own bucket in most tables.
inline bool crowded(const Shard& shard, const Row& query) {
  uint64_t postings = 0;
  for (uint32_t t = 0; t < shard.tables; ++t) {
    const uint32_t value = shard.cut().value(query, shard.chunk_of(t));
    const uint32_t from = shard.table[t].offsets[value], to = shard.table[t].offsets[value + 1];
    if (to > from) postings += to - from;
  }
  return postings * shard.cut().chunks / shard.tables > shard.rows / 6;
}

// Returns how many rows the multi-index may read whole for one query before a scan would be faster.
inline uint64_t crowd_of(uint32_t rows) { return rows / 64 + 4096; }

// Returns about what the multi-index costs on so many rows, in scanned rows, to know when a slice is over.
inline uint64_t multi_index_cost(uint32_t rows, uint32_t radius) {
  if (radius <= 47) return radius <= 31 ? 50'000 : 1'000'000;
  return radius <= 55 ? rows / 4 : radius <= 63 ? rows / 2 : 2 * uint64_t{rows};
}

}  // namespace empreinte
