// Steps 5, 6 and 9: median, bits, and the dihedral hashes, from the 16×16 coefficients.
#pragma once
#include <cstdint>

namespace empreinte {

constexpr int kCoefficients = 256;

// Torben's median of 256 values is sorted[127] (reference: hashing/torben.cpp). `above` is sorted[128]. The gap between
// them says how far coefficients may be off without changing a bit.
struct Median {
  float value, above;
};
Median median_of(const float* coefficients);

// Sets a bit where its coefficient is strictly greater than the median. Bit 16·i + j has weight 2^(16·i + j) in the
// 256-bit number whose most significant byte is first in `hash`.
void hash_bits(const float* coefficients, float median, uint8_t* hash);

// Makes the coefficients of one of the eight dihedral images by moving and negating coefficients (reference:
// hashing/pdqhashing.cpp, dct16OriginalTo…). `orientation` counts as in emp_hash_result.dihedral: orig rot90 rot180
// rot270 flipX flipY flipPlus1 flipMinus1.
void dihedral_coefficients(const float* coefficients, int orientation, float* out);

}  // namespace empreinte
