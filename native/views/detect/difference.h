// How far two samples, or two colours, are apart.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace empreinte {

// The difference of two samples, 0 … 255. It stays in bytes, so that compilers make vector code of loops over it.
inline uint8_t absolute_difference(uint8_t a, uint8_t b) {
  return static_cast<uint8_t>(std::max(a, b) - std::min(a, b));
}

// The difference of two RGB colours in the channel that differs most, 0 … 255.
inline int colour_difference(const uint8_t* p, const uint8_t* q) {
  const int r = std::abs(p[0] - q[0]), g = std::abs(p[1] - q[1]), b = std::abs(p[2] - q[2]);
  return std::max(r, std::max(g, b));
}

}  // namespace empreinte
