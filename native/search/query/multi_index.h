// Exact radius search through the tables of a shard.
//
// Split the 256 bits into m chunks; let query and row differ by d_k in chunk k. Choose thresholds t_k ≥ −1 with the sum
// radius − m + 1. For a row within the radius, Σ (d_k − t_k − 1) ≤ −1 over the cycle of chunks. A cyclic sequence with
// a negative sum has a start from which every partial sum is negative (the cycle lemma). So for some k
//   d_k ≤ t_k   and   d_k + d_{k+1} ≤ t_k + t_{k+1} + 1
// The first inequality says which buckets of table k may have the row: those of the values within t_k of the query's
// chunk. The second is checked on the fingerprint beside the posting, which is the next chunk or, of a long one, 16
// bits of it. Then the chain is followed through more chunks of the row until it breaks. (Pigeonring: Qin and Xiao,
// PVLDB 12(1), 2018; integer thresholds: Qin et al., GPH, ICDE 2018.) A row is reported at the first chunk from which
// all m partial sums are negative.
#pragma once
#include "../../kernels/kernels.h"
#include "../shard/shard.h"

namespace empreinte {

// Receives the rows found, some at a time. False ends the search (out of memory).
struct RowSink {
  void* context;
  bool (*take)(void* context, const uint32_t* rows, const uint16_t* distances, uint32_t count);
};

// The largest radius at which no threshold is above 4. Beyond it a bucket has too many neighbours, and a scan is
// faster.
constexpr uint32_t most_multi_index_radius(uint32_t tables) {
  const uint32_t chunks = cut_of(tables).chunks;
  return tables > 0 ? 4 * tables + chunks - 1 - (chunks - tables) : 0;
}
static_assert(most_multi_index_radius(16) == 79 && most_multi_index_radius(8) == 39 &&
              most_multi_index_radius(13) == 64);

// Finds rows through the tables [from, to), each row once, so tables can be searched independently. After reading
// *rows_left rows whole it gives up, with *rows_left 0.
emp_status multi_index_search(const Shard& shard, const emp_kernel& kernel, const Row& query, uint32_t radius,
                              uint32_t from, uint32_t to, const emp_cancel& cancel, const RowSink& sink,
                              uint64_t* rows_left);

}  // namespace empreinte
