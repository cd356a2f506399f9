// Which way a search takes through one part of the index. All crossovers live here; benchmarks/search prints them as
// measured. Every way gives the same answer.
#pragma once
#include "../../empreinte.h"
#include "../shard/shard.h"

namespace empreinte {

// From how many rows on the multi-index is faster than a scan, for one query and in a batch, up to a radius. Components
// with tables of long chunks have more.
struct Crossover {
  uint32_t radius, single, batch;
};
constexpr uint32_t kNever = UINT32_MAX;
constexpr Crossover kCrossovers[] = {
    {15, 4096, 4096},     {23, 4096, 6144},     {31, 20480, 20480},     {39, 98304, 131072},    {47, 98304, 65536},
    {55, 114688, 114688}, {63, 196608, 196608}, {67, 1572864, 1572864}, {71, 4194304, 4194304}, {256, kNever, kNever},
};
// A batch of at least so many queries shares the reading of the rows.
constexpr size_t kBatch = 8;

// How many columns a scan looks at before it gives sixteen rows up. Unrelated rows differ in 48 ± 5 of the first 96
// bits and in 64 ± 6 of the first 128: beyond these radii most pass, and looking is in vain.
inline uint32_t scan_columns(uint32_t radius) { return radius <= 34 ? 3 : radius <= 48 ? 4 : 0; }

inline bool multi_index_pays(uint32_t rows, uint32_t tables, uint32_t radius, size_t queries) {
  if (tables == 0) return false;
  for (const Crossover& c : kCrossovers)
    if (radius <= c.radius) {
      const uint32_t from = queries >= kBatch ? c.batch : c.single;
      // Every second table only: some ten times as many probes.
      return from != kNever && rows / (tables == kChunks / 2 ? 10 : 1) >= from;
    }
  return false;
}

// A query in the middle of so many rows, a sixtieth of all or more, that reading them one by one costs more than a
// scan: they lie in its own bucket in most tables.
inline bool crowded(const Shard& shard, const Row& query) {
  uint64_t postings = 0;
  for (uint32_t t = 0; t < shard.tables; ++t) {
    const uint32_t value = shard.cut().value(query, shard.chunk_of(t));
    const uint32_t from = shard.table[t].offsets[value], to = shard.table[t].offsets[value + 1];
    if (to > from) postings += to - from;
  }
  return postings * shard.cut().chunks / shard.tables > shard.rows / 6;
}

// So many rows the multi-index may read whole for one query before a scan would have been faster.
inline uint64_t crowd_of(uint32_t rows) { return rows / 64 + 4096; }

// What the multi-index costs on so many rows, in rows of a scan: roughly, to know when a thread has had enough.
inline uint64_t multi_index_cost(uint32_t rows, uint32_t radius) {
  if (radius <= 47) return radius <= 31 ? 50'000 : 1'000'000;
  return radius <= 55 ? rows / 4 : radius <= 63 ? rows / 2 : 2 * uint64_t{rows};
}

}  // namespace empreinte
