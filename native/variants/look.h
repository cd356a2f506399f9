// What the kernels are told of a view: where its samples are looked at.
#pragma once
#include <cstdint>

namespace empreinte {

// The longest side of the working copy. Detectors may halve it further; samples of a view come from it.
constexpr uint32_t kPictureSide = 1024;
constexpr uint32_t kLookSide = 64;  // samples of a grid in a row

// Luma of a picture; behind it lie a row and a sample more.
struct LookLevel {
  uint32_t width, height;  // at most kPictureSide each
  const float* luma;
};

// Projective: (u, v) of the unit square to the picture, a pixel's middle being at a whole number.
struct Projection {
  float a, b, c, d, e, f, g, h;
  bool affine() const { return g == 0 && h == 0; }
};

// The places of the looks along a side of the unit square: those of kLookSide samples, `per` times.
struct Look {
  LookLevel level;
  Projection projection;
  uint32_t per;  // 1 or 2
  bool upright;  // rows of the view are rows of the picture
  float across[2 * kLookSide], down[2 * kLookSide];
};

}  // namespace empreinte
