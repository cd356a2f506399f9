#include <bit>
#include <cstring>

#include "../../empreinte.h"

uint32_t emp_hash_distance(const uint8_t a[EMP_HASH_BYTES], const uint8_t b[EMP_HASH_BYTES]) {
  int distance = 0;
  for (int i = 0; i < EMP_HASH_BYTES; i += 8) {
    uint64_t x, y;
    std::memcpy(&x, a + i, 8);
    std::memcpy(&y, b + i, 8);
    distance += std::popcount(x ^ y);
  }
  return static_cast<uint32_t>(distance);
}
