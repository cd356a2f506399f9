// The geometry of the input and what follows from it. Nothing here touches a sample.
#pragma once
#include "../empreinte.h"

namespace empreinte {

// The filter's window for a side of n pixels: ⌈n/128⌉ (reference: downscaling/downscaling.cpp,
// computeJaroszFilterWindowSize).
inline uint32_t window_of(uint32_t n) { return (n + 127) / 128; }

// A side below this gives the all-zero hash with quality 0 (reference: hashing/pdqhashing.cpp).
constexpr uint32_t kLeastSide = 5;

// Output o of a box with window w over n inputs averages the inputs left(o) … right(o). The window shrinks at both
// ends. An even window reaches one further to the right.
struct BoxWindow {
  uint32_t n, w, half;
  explicit BoxWindow(uint32_t side, uint32_t window) : n(side), w(window), half((window + 2) / 2) {}
  // How many inputs beyond o the box reaches, apart from clipping: right(o) = o + ahead, left(o) = o − behind.
  uint32_t ahead() const { return half - 1; }
  uint32_t behind() const { return w - half; }
  uint32_t first(uint32_t o) const { return o > behind() ? o - behind() : 0; }
  uint32_t last(uint32_t o) const { return o + ahead() < n - 1 ? o + ahead() : n - 1; }
  uint32_t count(uint32_t o) const { return last(o) - first(o) + 1; }
};

}  // namespace empreinte
