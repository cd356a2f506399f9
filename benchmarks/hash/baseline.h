#pragma once
#include <cstdint>
#include <vector>

namespace baseline {

struct Result {
  uint8_t hash[32];
  int quality;
};

// Interleaved 8-bit samples without gaps, 1 or 3 channels, sides of at least 5 pixels.
void hash(const uint8_t* pixels, int width, int height, int channels, Result* result);

}  // namespace baseline
