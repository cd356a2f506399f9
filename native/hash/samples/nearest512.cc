#include "nearest512.h"

namespace empreinte {

Array<uint8_t> nearest512(const emp_pixels& p) {
  Array<uint8_t> out(size_t{kCliSide} * kCliSide * p.channels);
  if (!out) return out;
  uint8_t* to = out.data();
  for (uint32_t y = 0; y < kCliSide; ++y) {
    const uint8_t* row = p.data + static_cast<size_t>(uint64_t{y} * p.height / kCliSide) * p.stride;
    for (uint32_t x = 0; x < kCliSide; ++x) {
      const uint8_t* from = row + static_cast<size_t>(uint64_t{x} * p.width / kCliSide) * p.channels;
      for (uint32_t c = 0; c < p.channels; ++c) *to++ = from[c];
    }
  }
  return out;
}

}  // namespace empreinte
