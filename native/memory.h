// Memory for the core: no exceptions, no zero-size surprises, aligned for the widest vectors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>
#if defined(_MSC_VER) && defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace empreinte {

// An owned array of plain values, aligned to 64 bytes, empty when allocation fails: check `if (!array)`.
template <class T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Array() = default;
  explicit Array(size_t n) { allocate(n); }
  Array(Array&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Array& operator=(Array&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { ::operator delete (data_, std::align_val_t{64}); }

  explicit operator bool() const { return data_ != nullptr; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  void zero() { std::memset(static_cast<void*>(data_), 0, size_ * sizeof(T)); }

 private:
  void allocate(size_t n) {
    if (n > SIZE_MAX / 2 / sizeof(T)) return;
    data_ = static_cast<T*>(::operator new (n * sizeof(T) + 64, std::align_val_t{64}, std::nothrow));
    if (data_) size_ = n;
  }
  T* data_ = nullptr;
  size_t size_ = 0;
};

// Prefetches a cache line that will be read soon.
inline void fetch(const void* p) {
#if defined(__GNUC__)
  __builtin_prefetch(p);
#elif defined(_MSC_VER) && defined(_M_X64)
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
#else
  (void)p;
#endif
}

}  // namespace empreinte
