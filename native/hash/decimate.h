// Step 3 keeps the rows and columns at the centres of 64 equal bands (reference: downscaling/downscaling.cpp,
// decimateFloat).
#pragma once
#include <cstdint>

namespace empreinte {

inline uint32_t sample_position(uint32_t i, uint32_t side) { return static_cast<uint32_t>(((i + 0.5) * side) / 64); }

}  // namespace empreinte
