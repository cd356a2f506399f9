// One block of memory for one extraction, cut from its start. Fresh pages cost more than the arithmetic on them, so
// nothing is freed in between. glibc keeps a freed block of this size and gives it to the next extraction.
#pragma once
#include "../../memory.h"

namespace empreinte {

class Arena {
 public:
  explicit Arena(size_t bytes) : block_(bytes) {}
  explicit operator bool() const { return static_cast<bool>(block_); }

  // Returns `n` values at an address that is a multiple of 64, or null when the block is too small.
  template <class T>
  T* take(size_t n) {
    const size_t bytes = (n * sizeof(T) + 63) / 64 * 64;
    if (bytes > block_.size() - used_) return nullptr;
    T* p = reinterpret_cast<T*>(block_.data() + used_);
    used_ += bytes;
    return p;
  }

 private:
  Array<uint8_t> block_;
  size_t used_ = 0;
};

}  // namespace empreinte
