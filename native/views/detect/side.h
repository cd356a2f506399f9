// The sides of a box as lines of pixels, and how far pixels are from a colour, for peeling and measuring borders.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "../sampling/sampling_plan.h"
#include "difference.h"
#include "trims.h"

namespace empreinte {

constexpr int kNear = 26;  // levels of the channel that differs most, JPEG's noise included

// A side of a box as lines from the outside in. Each line is a run of pixels of an image with kSpare bytes behind it.
struct Side {
  const uint8_t* first;
  ptrdiff_t next_line, next_pixel;
  uint32_t lines, length;
  const uint8_t* line(uint32_t i) const { return first + static_cast<ptrdiff_t>(i) * next_line; }
};

// Side 0 left, 1 top, 2 right, 3 bottom.
inline Side side_of(const uint8_t* rgb, uint32_t width, const Box& box, int side) {
  const ptrdiff_t row = ptrdiff_t{3} * width;
  const uint8_t* corner = rgb + box.top * row + ptrdiff_t{3} * box.left;
  const uint32_t w = box.width(), h = box.height();
  if (side == 0) return {corner, 3, row, w, h};
  if (side == 1) return {corner, row, 3, h, w};
  if (side == 2) return {corner + ptrdiff_t{3} * (w - 1), -3, row, w, h};
  return {corner + row * (h - 1), -row, 3, h, w};
}

// Computes the median of each channel along a line.
inline void median_of_line(const Side& side, uint32_t i, uint8_t colour[3]) {
  uint16_t counts[3][256] = {};
  const uint8_t* p = side.line(i);
  for (uint32_t k = 0; k < side.length; ++k, p += side.next_pixel)
    ++counts[0][p[0]], ++counts[1][p[1]], ++counts[2][p[2]];
  for (int c = 0; c < 3; ++c) {
    uint32_t below = 0, value = 0;
    while (value < 255 && (below += counts[c][value]) * 2 <= side.length) ++value;
    colour[c] = static_cast<uint8_t>(value);
  }
}

// Measures sixteen neighbouring pixels: how far the colour at each sample is from a pattern, by the one of its three
// samples that differs most. The loops have a fixed length, so compilers make vector code of them. Each reads the
// samples again, because a value that was just stored cannot be read elsewhere before it has left the processor.
constexpr uint32_t kPixels = 16, kSamples = 3 * kPixels, kMostDiffers = 60;

struct Pattern {
  uint8_t sample[kSamples + 2];
  explicit Pattern(const uint8_t colour[3]) {
    for (uint32_t i = 0; i < kSamples + 2; ++i) sample[i] = colour[i % 3];
  }
  // `p` has kSamples + 2 samples, here and below.
  void compare(const uint8_t* __restrict p, uint8_t* __restrict most) const {
    for (uint32_t i = 0; i < kSamples; ++i) {
      const uint8_t one = absolute_difference(p[i], sample[i]), two = absolute_difference(p[i + 1], sample[i + 1]);
      most[i] = std::max(std::max(one, two), absolute_difference(p[i + 2], sample[i + 2]));
    }
  }
  // May be called 1,024 times, so that 16 bits hold the sums.
  void add(const uint8_t* __restrict p, uint16_t* __restrict sums) const {
    uint8_t most[kSamples];
    compare(p, most);
    for (uint32_t i = 0; i < kSamples; ++i)
      sums[i] = static_cast<uint16_t>(sums[i] + std::min<uint8_t>(kMostDiffers, most[i]));
  }
  void count_near(const uint8_t* __restrict p, uint16_t* __restrict counts) const {
    uint8_t most[kSamples];
    compare(p, most);
    for (uint32_t i = 0; i < kSamples; ++i) counts[i] = static_cast<uint16_t>(counts[i] + (most[i] <= kNear ? 1 : 0));
  }
};
static_assert(kWorkingSide * kMostDiffers <= UINT16_MAX);

}  // namespace empreinte
