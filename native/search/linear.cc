// Exact radius search by reading every row: a tile of rows stays in the first cache while all queries of the batch pass
// over it.
#include <algorithm>
#include <cstdlib>

#include "../kernels/kernels.h"
#include "index.h"

namespace empreinte {
namespace {

constexpr size_t kTileRows = 512;          // 16 KiB
constexpr size_t kPairsPerPoll = 1 << 18;  // row-query pairs between two looks at `cancel`

// Hits in plain memory that grows by doubling.
struct Hits {
  emp_hit* data = nullptr;
  size_t size = 0, capacity = 0;
  ~Hits() { std::free(data); }
  bool reserve(size_t more) {
    if (capacity - size >= more) return true;
    const size_t wanted = std::max(2 * capacity, size + more);
    void* grown = std::realloc(data, wanted * sizeof(emp_hit));
    if (grown == nullptr) return false;
    data = static_cast<emp_hit*>(grown);
    capacity = wanted;
    return true;
  }
};

bool before(const emp_hit& a, const emp_hit& b) {
  if (a.query != b.query) return a.query < b.query;
  if (a.distance != b.distance) return a.distance < b.distance;
  return a.row < b.row;
}

}  // namespace
}  // namespace empreinte

emp_status emp_search(const emp_snapshot* snapshot, const emp_kernel* kernel, const uint8_t* queries,
                      size_t query_count, uint32_t radius, const emp_cancel* cancel, emp_hit** out, size_t* out_count) {
  using namespace empreinte;
  *out = nullptr;
  *out_count = 0;
  if (radius > 256) return EMP_BAD_RADIUS;
  if (query_count > UINT32_MAX) return EMP_BAD_OPTION;
  if (kernel == nullptr) {
    const emp_status status = emp_kernel_find(nullptr, &kernel);
    if (status != EMP_OK) return status;
  }
  Hits hits;
  uint32_t row[kTileRows];
  uint16_t distance[kTileRows];
  size_t pairs = kPairsPerPoll;  // the first look comes at once
  for (size_t b = 0; b < snapshot->rows.block_count(); ++b) {
    const size_t in_block = snapshot->rows.rows_in(b);
    for (size_t from = 0; from < in_block; from += kTileRows) {
      const size_t n = std::min(kTileRows, in_block - from);
      const uint8_t* tile = snapshot->rows.block(b) + 32 * from;
      for (size_t q = 0; q < query_count; ++q) {
        pairs += n;
        if (pairs >= kPairsPerPoll) {
          pairs = 0;
          if (cancel && cancel->poll && cancel->poll(cancel->context)) return EMP_CANCELLED;
        }
        const size_t found = kernel->scan(tile, n, queries + 32 * q, radius, row, distance);
        if (found == 0) continue;
        if (!hits.reserve(found)) return EMP_OUT_OF_MEMORY;
        for (size_t i = 0; i < found; ++i)
          hits.data[hits.size++] = {static_cast<uint32_t>(q), static_cast<uint32_t>(b * kBlockRows + from + row[i]),
                                    distance[i]};
      }
    }
  }
  std::sort(hits.data, hits.data + hits.size, before);
  *out = hits.data;
  *out_count = hits.size;
  hits.data = nullptr;
  return EMP_OK;
}

void emp_hits_free(emp_hit* hits) { std::free(hits); }
