// Step 7 turns the gradient sum into the quality, 0 … 100, and says when a hash is stable.
#pragma once
#include <cstdint>

namespace empreinte {

// Returns min(100, ⌊sum/90⌋) (reference: hashing/pdqhashing.cpp, computePDQImageDomainQualityMetric).
inline int32_t quality_of(uint32_t gradient_sum) {
  const uint32_t quality = gradient_sum / 90;
  return quality > 100 ? 100 : static_cast<int32_t>(quality);
}

// When the largest |coefficient| is below this, all bits are rounding noise: constant images, gradients, stripes.
constexpr float kStable = 0.1f;

}  // namespace empreinte
