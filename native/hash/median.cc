#include <algorithm>
#include <cstring>

#include "bits.h"

namespace empreinte {

Median median_of(const float* coefficients) {
  float sorted[kCoefficients];
  std::memcpy(sorted, coefficients, sizeof(sorted));
  std::nth_element(sorted, sorted + 127, sorted + kCoefficients);
  return {sorted[127], *std::min_element(sorted + 128, sorted + kCoefficients)};
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
