// Says which rows of a shard were removed: a bitmap in pages, immutable once a reader may see it. A removal copies the
// table of pages (4 KiB for 2^24 rows) and one page of 4 KiB, never the whole bitmap. Readers keep the one they began
// with.
#pragma once
#include <atomic>
#include <cstdint>

#include "../../memory.h"

namespace empreinte {

class Tombstones {
 public:
  static constexpr uint32_t kPageRows = 32768;

  // Returns the tombstones of a shard of `capacity` rows with these rows removed as well, or null when there is no
  // memory. `before`, of the same shard, may be null.
  static Tombstones* with(const Tombstones* before, uint32_t capacity, const uint32_t* rows, uint32_t count);
  // Removes a row in this object itself, where nobody else holds it. Returns false without a change when somebody does,
  // or when there is no memory.
  bool add(uint32_t row);
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  bool has(uint32_t row) const {
    const Page* page = pages_[row / kPageRows];
    return page != nullptr && (page->bits[row % kPageRows / 64] >> row % 64 & 1) != 0;
  }
  uint32_t count() const { return count_; }
  // Writes the rows that are in this and not in `before`, which may be null, and returns how many: at most `count()`.
  // It skips pages that both share.
  uint32_t beyond(const Tombstones* before, uint32_t* rows) const;

 private:
  struct Page {
    std::atomic<uint32_t> references{1};
    uint64_t bits[kPageRows / 64];
  };
  Tombstones() = default;
  static void release(Page* page);
  // Marks a row in a page that belongs to this object only, and makes the page so first.
  bool mark(Page*& page, uint32_t row);

  std::atomic<uint32_t> references_{1};
  uint32_t count_ = 0;
  Array<Page*> pages_;
};

}  // namespace empreinte
