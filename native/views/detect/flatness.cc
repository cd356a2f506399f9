// How flat an image is. In a photograph one colour rarely has more than a tenth; in a drawing it has.
#include <algorithm>

#include "detect.h"

namespace empreinte {

float flatness(const HalfResolution& half) { return flatness_of(half.rgb.data(), half.width, half.height); }

float flatness_of(const uint8_t* rgb, uint32_t width, uint32_t height) {
  // Two tables count in turn: neighbouring pixels are alike, and an addition waits for the one before it.
  constexpr uint32_t kCells = 4096;
  Array<uint32_t> cells(2 * kCells);
  if (!cells) return 1;
  cells.zero();
  const auto cell = [](const uint8_t* p) {
    return static_cast<uint32_t>((p[0] >> 4) << 8 | (p[1] >> 4) << 4 | (p[2] >> 4));
  };
  // Every second row and column is enough to count by.
  const uint32_t across = (width + 1) / 2, down = (height + 1) / 2, n = across * down;
  for (uint32_t y = 0; y < down; ++y) {
    const uint8_t* p = rgb + size_t{6} * width * y;
    uint32_t x = 0;
    for (; x + 2 <= across; x += 2, p += 12) ++cells[cell(p)], ++cells[kCells + cell(p + 6)];
    if (x < across) ++cells[cell(p)];
  }
  uint32_t most = 0;
  for (size_t i = 0; i < kCells; ++i) most = std::max(most, cells[i] + cells[kCells + i]);
  return static_cast<float>(most) / static_cast<float>(n);
}

}  // namespace empreinte
