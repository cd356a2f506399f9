// A large piece of memory. It is either the system's, in whole pages, huge ones where possible, because a probe into a
// gigabyte of tables is a TLB miss otherwise. Or it is a file that somebody else mapped.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

namespace empreinte {

class Region {
 public:
  Region() = default;
  // Allocates zeroed memory. The region is empty when there is none.
  explicit Region(size_t size);
  // Takes foreign memory, which release(context) gives back.
  Region(const uint8_t* data, size_t size, void (*release)(void*), void* context)
      : data_(const_cast<uint8_t*>(data)), size_(size), release_(release), context_(context) {}
  Region(Region&& other) noexcept { swap(other); }
  Region& operator=(Region&& other) noexcept {
    swap(other);
    return *this;
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  explicit operator bool() const { return data_ != nullptr; }
  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool foreign() const { return release_ != nullptr; }

 private:
  void swap(Region& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(release_, other.release_);
    std::swap(context_, other.context_);
  }
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  void (*release_)(void*) = nullptr;
  void* context_ = nullptr;
};

}  // namespace empreinte
