// Exact radius search through the tables of a segment.
//
// Split the 256 bits into m chunks, query and row differing by d_k in chunk k. With thresholds t_k ≥ −1 whose sum is
// radius − m + 1, a row within the radius has Σ (d_k − t_k − 1) ≤ −1 over the cycle of chunks; and a cyclic sequence
// with a negative sum has a start from which every partial sum is negative (the cycle lemma). So for some k
//   d_k ≤ t_k   and   d_k + d_{k+1} ≤ t_k + t_{k+1} + 1
// The first says in which buckets of table k the row is: those of the values within t_k of the query's chunk. The
// second is checked on the fingerprint, the next chunk or, of a long one, 16 bits of it, which lies beside the posting;
// then the chain is followed through more chunks of the row, any number of them, until it breaks. (Pigeonring: Qin and
// Xiao, PVLDB 12(1), 2018; integer thresholds: Qin et al., GPH, ICDE 2018.) A row is reported at the first chunk from
// which all m partial sums are negative.
#pragma once
#include "../../kernels/kernels.h"
#include "../shard/shard.h"

namespace empreinte {

// Takes the rows found, some at a time; false ends the search (out of memory).
struct RowSink {
  void* context;
  bool (*take)(void* context, const uint32_t* rows, const uint16_t* distances, uint32_t count);
};

// Up to which radius no threshold is above 4. Beyond, a bucket's neighbourhood is too large to be worth it: use a scan.
constexpr uint32_t most_multi_index_radius(uint32_t tables) {
  const uint32_t chunks = cut_of(tables).chunks;
  return tables > 0 ? 4 * tables + chunks - 1 - (chunks - tables) : 0;
}
static_assert(most_multi_index_radius(16) == 79 && most_multi_index_radius(8) == 39 &&
              most_multi_index_radius(13) == 64);

// What the tables [from, to) find, each row once: tables may be gone through apart. Gives up, with *rows_left at 0,
// when it has read that many rows whole.
emp_status multi_index_search(const Shard& shard, const emp_kernel& kernel, const Row& query, uint32_t radius,
                              uint32_t from, uint32_t to, const emp_cancel& cancel, const RowSink& sink,
                              uint64_t* rows_left);

}  // namespace empreinte
