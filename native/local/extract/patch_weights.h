// How much each sample of a patch counts, and in which cells.
#pragma once
#include <cstdint>

#include "numbers.h"

namespace empreinte {

struct PatchWeights {
  // [row][k]: of the sample in column 1 + k; 0 in the columns 31 and 32, which have no neighbour on the right.
  alignas(64) float window[32][32];
  // [cell][k]: the share of that column in a column of cells.
  float column[4][32];
};

inline constexpr PatchWeights kPatchWeights = [] {
  PatchWeights w = {};
  for (uint32_t j = 1; j < 31; ++j)
    for (uint32_t i = 1; i < 31; ++i) {
      const double a = (i - 15.5) / 16, b = (j - 15.5) / 16;
      w.window[j][i - 1] = static_cast<float>(exponential(-(a * a + b * b)));
    }
  for (uint32_t i = 1; i < 31; ++i) {
    const double place = (i + 0.5) / 8 + 0.5;
    const uint32_t left = static_cast<uint32_t>(place);
    const float share = static_cast<float>(place - left);
    if (left > 0) w.column[left - 1][i - 1] = 1 - share;
    if (left < 4) w.column[left][i - 1] = share;
  }
  return w;
}();

}  // namespace empreinte
