// Which rows of a part were removed: a bitmap in pages, immutable once a reader may see it. Removing copies the page
// table (4 KiB for 2^24 rows) and one page of 4 KiB, never the whole bitmap, and readers keep the one they began with.
#pragma once
#include <atomic>
#include <cstdint>

#include "../../memory.h"

namespace empreinte {

class Tombstones {
 public:
  static constexpr uint32_t kPageRows = 32768;

  // Of a part of `capacity` rows, with these removed as well; null when there is no memory. `before`, of the same part,
  // may be null.
  static Tombstones* with(const Tombstones* before, uint32_t capacity, const uint32_t* rows, uint32_t count);
  // The same where nobody else holds this: a row is removed in this itself. False: somebody does, or there is no
  // memory; nothing is changed then.
  bool add(uint32_t row);
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  bool has(uint32_t row) const {
    const Page* page = pages_[row / kPageRows];
    return page != nullptr && (page->bits[row % kPageRows / 64] >> row % 64 & 1) != 0;
  }
  uint32_t count() const { return count_; }
  // The rows that are in this and not in `before` (which may be null), at most `count()`; how many. Pages that both
  // share are passed over.
  uint32_t beyond(const Tombstones* before, uint32_t* rows) const;

 private:
  struct Page {
    std::atomic<uint32_t> references{1};
    uint64_t bits[kPageRows / 64];
  };
  Tombstones() = default;
  static void release(Page* page);
  // In a page that is this one's own, made so first.
  bool mark(Page*& page, uint32_t row);

  std::atomic<uint32_t> references_{1};
  uint32_t count_ = 0;
  Array<Page*> pages_;
};

}  // namespace empreinte
