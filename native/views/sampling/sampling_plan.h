// What the kernels need to reduce rows, and to sample a view.
#pragma once
#include <cstddef>
#include <cstdint>

namespace empreinte {

// The longest side of the working copy. Detectors may halve it further. Views are sampled from it.
constexpr uint32_t kWorkingSide = 1024;
constexpr uint32_t kGridSide = 64;  // samples in a row of the grid

// Rows of 16-bit samples, values 0 … 255, `channels` 3 or 4, that become rows of `width` RGB pixels. Pixel i is the
// mean of `taps` pixels from first[i] on. `first` is padded to a multiple of eight pixels, and so is `weight`. For each
// four pixels and each tap, `weight` holds every weight four times; the weights of a pixel add up to 256. 128 unused
// samples follow the last row.
struct SummedRows {
  const uint16_t* sums;
  size_t sums_stride;
  uint8_t* rgb;
  size_t rgb_stride;
  uint32_t rows, channels, taps, width;
  const uint32_t* first;
  const uint16_t* weight;
};

// Luma of an image. A row and a sample more follow it.
struct LumaLevel {
  uint32_t width, height;  // at most kWorkingSide each
  const float* luma;
};

// A projective map from (u, v) of the unit square to the image, in which the middle of a pixel is at a whole number.
struct Projection {
  float a, b, c, d, e, f, g, h;
  bool affine() const { return g == 0 && h == 0; }
};

// How to sample a view: the positions along both sides of the unit square, kGridSide of them `per` times.
struct SamplingPlan {
  LumaLevel level;
  Projection projection;
  uint32_t per;  // 1 or 2
  bool upright;  // rows of the view are rows of the image
  float across[2 * kGridSide], down[2 * kGridSide];
};

}  // namespace empreinte
