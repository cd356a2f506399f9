// CRC-32C (Castagnoli), eight bytes a step by tables (Kounavis and Berry's "slicing by 8").
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace empreinte {

inline constexpr std::array<std::array<uint32_t, 256>, 8> kCrcTables = [] {
  std::array<std::array<uint32_t, 256>, 8> t{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    t[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i)
    for (size_t k = 1; k < 8; ++k) t[k][i] = t[k - 1][i] >> 8 ^ t[0][t[k - 1][i] & 255];
  return t;
}();

// Returns the CRC of `size` bytes that follow those with the CRC `before`, which is 0 at the beginning.
inline uint32_t crc32c(uint32_t before, const void* data, size_t size) {
  const uint8_t* p = static_cast<const uint8_t*>(data);
  uint32_t crc = ~before;
  for (; size >= 8; size -= 8, p += 8) {
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + 4, 4);
    low ^= crc;
    crc = kCrcTables[7][low & 255] ^ kCrcTables[6][low >> 8 & 255] ^ kCrcTables[5][low >> 16 & 255] ^
          kCrcTables[4][low >> 24] ^ kCrcTables[3][high & 255] ^ kCrcTables[2][high >> 8 & 255] ^
          kCrcTables[1][high >> 16 & 255] ^ kCrcTables[0][high >> 24];
  }
  for (; size > 0; --size) crc = crc >> 8 ^ kCrcTables[0][(crc ^ *p++) & 255];
  return ~crc;
}

}  // namespace empreinte
