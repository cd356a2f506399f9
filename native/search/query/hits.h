// Hits while they are collected, and their order.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdlib>

#include "../../empreinte.h"
#include "../../memory.h"

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

constexpr uint64_t kEntryMask = (uint64_t{1} << EMP_ENTRY_BITS) - 1;
inline uint64_t entry_of(const emp_hit& hit) { return hit.id & kEntryMask; }
inline uint32_t crop_of(const emp_hit& hit) { return static_cast<uint32_t>(hit.id >> EMP_ENTRY_BITS); }
// Orders rows by entry, and an entry before its crops.
inline uint64_t row_key(const emp_hit& hit) { return std::rotl(hit.id, 64 - EMP_ENTRY_BITS); }

inline bool before(const emp_hit& a, const emp_hit& b) {
  if (a.query != b.query) return a.query < b.query;
  return a.distance != b.distance ? a.distance < b.distance : row_key(a) < row_key(b);
}

// Keeps the nearest hit of each entry for each query, and returns the new end. It reorders the hits only if there are
// crops among them.
inline emp_hit* merge_crops(emp_hit* begin, emp_hit* end) {
  uint64_t ids = 0;
  for (const emp_hit* hit = begin; hit != end; ++hit) ids |= hit->id;
  if (ids <= kEntryMask) return end;
  std::sort(begin, end, [](const emp_hit& a, const emp_hit& b) {
    if (a.query != b.query) return a.query < b.query;
    if (entry_of(a) != entry_of(b)) return entry_of(a) < entry_of(b);
    return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
  });
  return std::unique(
      begin, end, [](const emp_hit& a, const emp_hit& b) { return a.query == b.query && entry_of(a) == entry_of(b); });
}

// Sorts hits. Many hits are sorted by counting, eleven bits a turn, using only the bits in which they differ: crops,
// entries, distances, queries.
inline void sort(emp_hit* begin, emp_hit* end) {
  constexpr uint32_t kFew = 256, kBits = 11, kValues = 1u << kBits;
  const size_t n = static_cast<size_t>(end - begin);
  if (n <= kFew) return std::sort(begin, end, before);
  Array<emp_hit> other(n);
  if (!other) return std::sort(begin, end, before);
  uint64_t ids = 0, queries = 0;
  for (const emp_hit* hit = begin; hit != end; ++hit) ids |= hit->id ^ begin->id, queries |= hit->query ^ begin->query;
  emp_hit *from = begin, *to = other.data();
  const auto by = [&](auto key) {
    uint32_t at[kValues] = {};
    for (size_t i = 0; i < n; ++i) ++at[key(from[i])];
    for (uint32_t value = 0, sum = 0; value < kValues; ++value) sum += std::exchange(at[value], sum);
    for (size_t i = 0; i < n; ++i) to[at[key(from[i])]++] = from[i];
    std::swap(from, to);
  };
  if (ids > kEntryMask) by(crop_of);
  ids &= kEntryMask;
  for (uint32_t bit = 0; ids >> bit != 0; bit += kBits)
    by([bit](const emp_hit& hit) { return static_cast<uint32_t>(entry_of(hit) >> bit) & (kValues - 1); });
  by([](const emp_hit& hit) { return hit.distance; });
  for (uint32_t bit = 0; queries >> bit != 0; bit += kBits)
    by([bit](const emp_hit& hit) { return hit.query >> bit & (kValues - 1); });
  if (from != begin) std::memcpy(begin, from, n * sizeof(emp_hit));
}

// Merges crops when `merge` is set, sorts the hits, and keeps the nearest `limit` of each query when there is a limit.
inline void finish(Hits* hits, uint32_t limit, bool merge) {
  if (merge) hits->shrink(static_cast<size_t>(merge_crops(hits->begin(), hits->end()) - hits->begin()));
  sort(hits->begin(), hits->end());
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
