// Images with local points of all sizes, made of whole numbers alone.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "../../native/empreinte.h"

struct Random {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  }
  uint32_t below(uint32_t n) { return next() % n; }
};

// Interleaved samples without gaps.
struct Image {
  uint32_t width, height, channels;
  std::vector<uint8_t> data;
  Image(uint32_t w, uint32_t h, uint32_t c) : width(w), height(h), channels(c), data(size_t{w} * h * c) {}
  emp_pixels view() const { return {data.data(), data.size(), width, height, channels, size_t{width} * channels}; }
  uint8_t* at(uint32_t x, uint32_t y) { return data.data() + (size_t{width} * y + x) * channels; }
  const uint8_t* at(uint32_t x, uint32_t y) const { return data.data() + (size_t{width} * y + x) * channels; }
};

// Blots of all sizes and colours over a slope, from whole numbers alone, so that it is the same everywhere.
inline Image scene(uint64_t seed, uint32_t width, uint32_t height, uint32_t channels) {
  Random random = {seed * 977 + 5};
  Image image(width, height, channels);
  for (uint32_t y = 0; y < height; ++y)
    for (uint32_t x = 0; x < width; ++x)
      for (uint32_t c = 0; c < channels; ++c)
        image.at(x, y)[c] = static_cast<uint8_t>(60 + 70 * x / width + 50 * y / height + 9 * c);
  const uint32_t longest = std::max(width, height);
  for (int blot = 0; blot < 320; ++blot) {
    const int64_t rx = 2 + random.below(longest / (4 + random.below(40)) + 2), ry = 2 + random.below(uint32_t(rx) * 2);
    const int64_t cx = random.below(width), cy = random.below(height), skew = int64_t{random.below(9)} - 4;
    uint32_t colour[4];
    for (uint32_t& c : colour) c = random.below(256);
    const int64_t left = std::max<int64_t>(0, cx - 3 * rx), right = std::min<int64_t>(width, cx + 3 * rx);
    for (int64_t y = std::max<int64_t>(0, cy - ry); y < std::min<int64_t>(height, cy + ry); ++y)
      for (int64_t x = left; x < right; ++x) {
        const int64_t dx = x - cx - skew * (y - cy) / 4, dy = y - cy;
        if (dx * dx * ry * ry + dy * dy * rx * rx > rx * rx * ry * ry) continue;
        uint8_t* p = image.at(static_cast<uint32_t>(x), static_cast<uint32_t>(y));
        for (uint32_t c = 0; c < channels; ++c) p[c] = static_cast<uint8_t>((p[c] + 3 * colour[c]) / 4);
      }
  }
  return image;
}
