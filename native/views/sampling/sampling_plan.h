// The arguments of the kernels: rows to be reduced, and where the samples of a view lie.
#pragma once
#include <cstddef>
#include <cstdint>

namespace empreinte {

// The longest side of the working copy. Detectors may halve it further; samples of a view come from it.
constexpr uint32_t kWorkingSide = 1024;
constexpr uint32_t kGridSide = 64;  // samples of a grid in a row

// Rows of samples in 16 bits, values 0 … 255, `channels` 3 or 4, to rows of `width` RGB pixels: pixel i is the mean of
// `taps` pixels from first[i] on. `first` is padded to a multiple of eight pixels, and so is `weight`, which holds, for
// each four pixels and each tap, every weight four times; the weights of a pixel add up to 256. Behind the last row
// there are 128 samples to spare.
struct SummedRows {
  const uint16_t* sums;
  size_t sums_stride;
  uint8_t* rgb;
  size_t rgb_stride;
  uint32_t rows, channels, taps, width;
  const uint32_t* first;
  const uint16_t* weight;
};

// Luma of a picture; behind it lie a row and a sample more.
struct LumaLevel {
  uint32_t width, height;  // at most kWorkingSide each
  const float* luma;
};

// Projective: (u, v) of the unit square to the picture, a pixel's middle being at a whole number.
struct Projection {
  float a, b, c, d, e, f, g, h;
  bool affine() const { return g == 0 && h == 0; }
};

// The places of the looks along a side of the unit square: those of kGridSide samples, `per` times.
struct SamplingPlan {
  LumaLevel level;
  Projection projection;
  uint32_t per;  // 1 or 2
  bool upright;  // rows of the view are rows of the picture
  float across[2 * kGridSide], down[2 * kGridSide];
};

}  // namespace empreinte
