// Hits while they are gathered, and their order.
#pragma once
#include <algorithm>
#include <cstdlib>

#include "../empreinte.h"

namespace empreinte {

// Hits in plain memory that grows by doubling.
class Hits {
 public:
  Hits() = default;
  Hits(const Hits&) = delete;
  Hits& operator=(const Hits&) = delete;
  ~Hits() { std::free(data_); }
  bool push(const emp_hit& hit) {
    if (size_ == capacity_) {
      const size_t wanted = capacity_ == 0 ? 64 : 2 * capacity_;
      void* grown = std::realloc(data_, wanted * sizeof(emp_hit));
      if (grown == nullptr) return false;
      data_ = static_cast<emp_hit*>(grown);
      capacity_ = wanted;
    }
    data_[size_++] = hit;
    return true;
  }
  emp_hit* begin() { return data_; }
  emp_hit* end() { return data_ + size_; }
  size_t size() const { return size_; }
  void shrink(size_t size) { size_ = size; }
  const emp_hit* data() const { return data_; }

 private:
  emp_hit* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

inline bool before(const emp_hit& a, const emp_hit& b) {
  if (a.query != b.query) return a.query < b.query;
  return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
}

// Sorted; of each query the nearest `limit` when there is one.
inline void finish(Hits* hits, uint32_t limit) {
  std::sort(hits->begin(), hits->end(), before);
  if (limit == 0) return;
  emp_hit* out = hits->begin();
  uint32_t query = UINT32_MAX, kept = 0;
  for (const emp_hit& hit : *hits) {
    if (hit.query != query) query = hit.query, kept = 0;
    if (kept++ < limit) *out++ = hit;
  }
  hits->shrink(static_cast<size_t>(out - hits->begin()));
}

}  // namespace empreinte
