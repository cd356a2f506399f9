#include "bits.h"

#include <cstring>

namespace jpeg {

bool Huffman::define(const uint8_t counts[16], const uint8_t* values, uint32_t total) {
  *this = Huffman();
  std::memcpy(value, values, total);
  uint32_t code = 0, index = 0;
  for (uint32_t length = 1; length <= 16; ++length) {
    offset[length] = static_cast<int32_t>(index) - static_cast<int32_t>(code);
    for (uint32_t i = 0; i < counts[length - 1]; ++i, ++code, ++index) {
      if (code >= (1u << length)) return false;
      if (length > 9) continue;
      const uint32_t from = code << (9 - length), many = 1u << (9 - length);
      for (uint32_t k = 0; k < many; ++k) fast[from + k] = static_cast<uint16_t>(length << 8 | value[index]);
    }
    last[length] = counts[length - 1] == 0 ? 0 : static_cast<int32_t>(code << (16 - length));
    code <<= 1;
  }
  defined = true;
  return true;
}

size_t Bits::marker() const {
  size_t at = at_;
  while (at + 1 < size_ && !(data_[at] == 0xff && data_[at + 1] != 0 && data_[at + 1] != 0xff)) ++at;
  return at + 1 < size_ ? at : size_;
}

}  // namespace jpeg
