#include "tombstones.h"

#include <bit>
#include <cstring>
#include <new>

namespace empreinte {

void Tombstones::release(Page* page) {
  if (page != nullptr && page->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete page;
}

void Tombstones::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  for (size_t p = 0; p < pages_.size(); ++p) release(pages_[p]);
  delete this;
}

uint32_t Tombstones::beyond(const Tombstones* before, uint32_t* rows) const {
  uint32_t n = 0;
  for (uint32_t p = 0; p < pages_.size(); ++p) {
    const Page* old = before != nullptr ? before->pages_[p] : nullptr;
    if (pages_[p] == nullptr || pages_[p] == old) continue;
    for (uint32_t w = 0; w < kPageRows / 64; ++w) {
      uint64_t bits = pages_[p]->bits[w] & ~(old != nullptr ? old->bits[w] : 0);
      for (; bits != 0; bits &= bits - 1)
        rows[n++] = p * kPageRows + 64 * w + static_cast<uint32_t>(std::countr_zero(bits));
    }
  }
  return n;
}

bool Tombstones::mark(Page*& page, uint32_t row) {
  if (page == nullptr || page->references.load(std::memory_order_acquire) != 1) {
    Page* own = new (std::nothrow) Page;
    if (own == nullptr) return false;
    if (page != nullptr)
      std::memcpy(own->bits, page->bits, sizeof(own->bits));
    else
      std::memset(own->bits, 0, sizeof(own->bits));
    release(page);
    page = own;
  }
  uint64_t& word = page->bits[row % kPageRows / 64];
  const uint64_t bit = uint64_t{1} << row % 64;
  count_ += (word & bit) == 0;
  word |= bit;
  return true;
}

bool Tombstones::add(uint32_t row) {
  return references_.load(std::memory_order_acquire) == 1 && mark(pages_[row / kPageRows], row);
}

Tombstones* Tombstones::with(const Tombstones* before, uint32_t capacity, const uint32_t* rows, uint32_t count) {
  Tombstones* after = new (std::nothrow) Tombstones;
  if (after == nullptr) return nullptr;
  const size_t pages = (size_t{capacity} + kPageRows - 1) / kPageRows;
  after->pages_ = Array<Page*>(pages);
  if (!after->pages_) {
    delete after;
    return nullptr;
  }
  if (before != nullptr) after->count_ = before->count_;
  for (size_t p = 0; p < pages; ++p) {
    after->pages_[p] = before != nullptr ? before->pages_[p] : nullptr;
    if (after->pages_[p] != nullptr) after->pages_[p]->references.fetch_add(1, std::memory_order_relaxed);
  }
  for (uint32_t i = 0; i < count; ++i)
    if (!after->mark(after->pages_[rows[i] / kPageRows], rows[i])) {
      after->release();
      return nullptr;
    }
  return after;
}

}  // namespace empreinte
