#include <algorithm>
#include <cstring>

#include "bits.h"

namespace empreinte {

namespace {

// Maps floats to integers in the same order, and back: all bits but the sign of negative ones are inverted.
int32_t key_of(int32_t bits) { return bits ^ static_cast<int32_t>(static_cast<uint32_t>(bits >> 31) >> 1); }

float value_of(int32_t key) {
  const int32_t bits = key_of(key);
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace

// Finds the median by halving the range of keys until half of the values are below. That takes some ten passes without
// a branch on the data, of which compilers make vector code. Selection by exchanges mispredicts every other branch.
Median median_of(const float* coefficients) {
  constexpr int kHalf = kCoefficients / 2;
  int32_t keys[kCoefficients];
  std::memcpy(keys, coefficients, sizeof(keys));
  for (int32_t& key : keys) key = key_of(key);
  // `most` is the largest key that may still be the median, kept as an unsigned distance from the least integer.
  uint32_t below = 0;
  int32_t most = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    most = static_cast<int32_t>((below + (bit - 1)) ^ 0x80000000u);
    int32_t count = 0;
    for (const int32_t key : keys) count += key <= most ? 1 : 0;
    if (count == kHalf) break;
    if (count < kHalf) below += bit;
    most = static_cast<int32_t>(below ^ 0x80000000u);
  }
  int32_t value = INT32_MIN, above = INT32_MAX, count = 0;
  for (const int32_t key : keys) {
    value = key <= most ? std::max(value, key) : value;
    above = key <= most ? above : std::min(above, key);
    count += key <= most ? 1 : 0;
  }
  // There are more than half of them where several values equal the median.
  return {value_of(value), value_of(count > kHalf ? value : above)};
}

void hash_bits(const float* coefficients, float median, uint8_t* hash) {
  for (int byte = 0; byte < kCoefficients / 8; ++byte) {
    uint8_t bits = 0;
    for (int bit = 0; bit < 8; ++bit)
      bits = static_cast<uint8_t>(bits | (coefficients[8 * byte + bit] > median ? 1u << bit : 0u));
    hash[kCoefficients / 8 - 1 - byte] = bits;
  }
}

}  // namespace empreinte
