#include "region.h"

#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace empreinte {

#if defined(__linux__)
Region::Region(size_t size) {
  // It is aligned to a huge page: one more is allocated, and the ends are given back.
  constexpr size_t kHuge = size_t{1} << 21;
  if (size == 0 || size > SIZE_MAX / 2) return;
  const size_t wanted = (size + 4095) & ~size_t{4095};
  const bool large = wanted >= kHuge;
  const size_t query = large ? wanted + kHuge : wanted;
  void* got = mmap(nullptr, query, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED) return;
  uint8_t* from = static_cast<uint8_t*>(got);
  if (large) {
    uint8_t* aligned = from + (kHuge - reinterpret_cast<uintptr_t>(from) % kHuge) % kHuge;
    if (aligned > from) munmap(from, static_cast<size_t>(aligned - from));
    const size_t after = query - static_cast<size_t>(aligned - from) - wanted;
    if (after > 0) munmap(aligned + wanted, after);
    from = aligned;
    madvise(from, wanted, MADV_HUGEPAGE);
  }
  data_ = from;
  size_ = wanted;
}

Region::~Region() {
  if (release_ != nullptr)
    release_(context_);
  else if (data_ != nullptr)
    munmap(data_, size_);
}
#else
Region::Region(size_t size) {
  if (size == 0 || size > SIZE_MAX / 2) return;
  data_ = static_cast<uint8_t*>(::operator new (size, std::align_val_t{4096}, std::nothrow));
  if (data_ == nullptr) return;
  std::memset(data_, 0, size);
  size_ = size;
}

Region::~Region() {
  if (release_ != nullptr)
    release_(context_);
  else
    ::operator delete (data_, std::align_val_t{4096});
}
#endif

}  // namespace empreinte
