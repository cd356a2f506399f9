// How flat a picture is: what tells drawings from photographs, in which one colour rarely holds more than a tenth.
#include "detect.h"

namespace empreinte {

float flatness(const Sketch& sketch) {
  Array<uint32_t> cells(4096);
  if (!cells) return 1;
  cells.zero();
  // Every second row and column is enough to count by.
  uint32_t n = 0;
  for (uint32_t y = 0; y < sketch.height; y += 2) {
    const uint8_t* p = sketch.rgb.data() + size_t{3} * sketch.width * y;
    for (uint32_t x = 0; x < sketch.width; x += 2, p += 6, ++n)
      ++cells[static_cast<uint32_t>((p[0] >> 4) << 8 | (p[1] >> 4) << 4 | (p[2] >> 4))];
  }
  uint32_t most = 0;
  for (size_t i = 0; i < 4096; ++i) most = cells[i] > most ? cells[i] : most;
  return static_cast<float>(most) / static_cast<float>(n);
}

}  // namespace empreinte
