// A view moved towards one entry's hash.
#pragma once
#include "sampling/sample.h"

namespace empreinte {

struct Aligned {
  View view;
  GridHash hash;
  uint32_t distance;
  uint32_t samples;  // how many grids were sampled
};

// Moves `from` so that its hash comes near `target`, and answers the nearest one seen, `from` itself included. At most
// kAlignSamples grids. False when `from` cannot be sampled.
constexpr uint32_t kAlignSamples = 160;
bool align_view(const emp_kernel& kernel, const Levels& levels, const View& from, const uint8_t target[EMP_HASH_BYTES],
                Aligned* out);

}  // namespace empreinte
