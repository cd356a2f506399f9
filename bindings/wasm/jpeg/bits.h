// Reads Huffman codes and bits of entropy-coded data, up to the next marker.
#pragma once
#include <cstddef>
#include <cstdint>

namespace jpeg {

// A canonical code. `fast` has length << 8 | value for every code of at most nine bits, by its first nine bits.
struct Huffman {
  bool defined = false;
  uint16_t fast[512] = {};
  int32_t last[18] = {};    // The largest code of each length, aligned to 16 bits, plus one.
  int32_t offset[17] = {};  // What makes an index into `value` of a code of that length.
  uint8_t value[256] = {};

  // Takes the counts of codes by length, 1 … 16, and their values. Returns false for more codes than there can be.
  bool define(const uint8_t counts[16], const uint8_t* values, uint32_t total);
};

class Bits {
 public:
  Bits(const uint8_t* data, size_t size, size_t at) : data_(data), size_(size), at_(at) {}

  // Returns `n` bits, 0 … 16.
  uint32_t take(uint32_t n) {
    if (n == 0) return 0;
    if (count_ < n) fill();
    count_ -= n;
    return static_cast<uint32_t>(buffer_ >> count_) & ((1u << n) - 1);
  }
  // Returns the value of the next code, or -1 where there is none.
  int32_t decode(const Huffman& table) {
    if (count_ < 16) fill();
    const uint32_t next = static_cast<uint32_t>(buffer_ >> (count_ - 16)) & 0xffff;
    const uint16_t fast = table.fast[next >> 7];
    if (fast != 0) {
      count_ -= fast >> 8;
      return fast & 255;
    }
    for (uint32_t length = 10; length <= 16; ++length)
      if (static_cast<int32_t>(next) < table.last[length]) {
        count_ -= length;
        return table.value[(static_cast<int32_t>(next >> (16 - length)) + table.offset[length]) & 255];
      }
    return -1;
  }
  // Returns a signed number of `n` bits, as JPEG codes it.
  int32_t extend(uint32_t n) {
    if (n == 0) return 0;
    const int32_t value = static_cast<int32_t>(take(n));
    return value < (1 << (n - 1)) ? value - (1 << n) + 1 : value;
  }
  // Returns whether more bits were taken than the data have.
  bool overrun() const { return count_ < padding_; }
  // Returns where the next marker is, or the end of the file.
  size_t marker() const;
  // Drops what is left before a marker and continues behind it.
  void restart(size_t at) { at_ = at, buffer_ = 0, count_ = padding_ = 0; }

 private:
  void fill() {
    while (count_ <= 48) {
      uint32_t byte = 0;
      if (at_ < size_ && !(data_[at_] == 0xff && !(at_ + 1 < size_ && data_[at_ + 1] == 0))) {
        byte = data_[at_];
        at_ += byte == 0xff ? 2 : 1;
      } else {
        padding_ += 8;
      }
      buffer_ = buffer_ << 8 | byte;
      count_ += 8;
    }
    if (padding_ > count_ + 64) padding_ = count_ + 64;
  }

  const uint8_t* data_;
  size_t size_, at_;
  uint64_t buffer_ = 0;
  uint32_t count_ = 0;    // Bits in the buffer.
  uint32_t padding_ = 0;  // How many zeros were put behind the data.
};

}  // namespace jpeg
