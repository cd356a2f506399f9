// The system's part of index files: a file mapped into memory, and writing to a file descriptor.
#pragma once
#include <cstddef>
#include <cstdint>

namespace binding {

class Mapping {
 public:
  // Returns null when the file cannot be opened or mapped, or is empty. If there is no mmap, it reads the file into
  // memory.
  static Mapping* open(const char* path);
  static void release(void* context);
  // Returns how many of its bytes are in physical memory now.
  static size_t resident(void* context);
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  Mapping(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  const uint8_t* data_;
  size_t size_;
};

// The function of an emp_writer whose `context` points at the descriptor, an int. Returns non-zero when it could not
// write everything.
int write_to_descriptor(void* context, const void* data, size_t size);

}  // namespace binding
