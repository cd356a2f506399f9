// Moving a view towards one known hash.
#pragma once
#include "sampling/sample.h"

namespace empreinte {

struct Aligned {
  View view;
  GridHash hash;
  uint32_t distance;
  uint32_t samples;  // the number of grids that were sampled
};

// Moves `from` so that its hash comes near `target`, and returns the nearest view seen, `from` included. It samples at
// most kAlignSamples grids. Returns false when `from` cannot be sampled.
constexpr uint32_t kAlignSamples = 160;
bool align_view(const emp_kernel& kernel, const Levels& levels, const View& from, const uint8_t target[EMP_HASH_BYTES],
                Aligned* out);

}  // namespace empreinte
