// A file mapped into memory, and writing to a file descriptor: the system's part of index files.
#pragma once
#include <cstddef>
#include <cstdint>

namespace binding {

class Mapping {
 public:
  // Null when the file cannot be opened or mapped, or is empty. Where there is no mmap, it is read into memory.
  static Mapping* open(const char* path);
  static void release(void* mapping);
  // Bytes of it that are in memory now.
  static size_t resident(void* mapping);
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  Mapping(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  const uint8_t* data_;
  size_t size_;
};

// An emp_writer: `context` points at the descriptor, an int. Non-zero when not all could be written.
int write_to_descriptor(void* context, const void* data, size_t size);

}  // namespace binding
