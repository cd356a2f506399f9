// How flat a picture is: what tells drawings from photographs, in which one colour rarely holds more than a tenth.
#include "detect.h"

namespace empreinte {

float flatness(const Sketch& sketch) {
  Array<uint32_t> cells(4096);
  if (!cells) return 1;
  cells.zero();
  const size_t n = size_t{sketch.width} * sketch.height;
  const uint8_t* p = sketch.rgb.data();
  for (size_t i = 0; i < n; ++i, p += 3) ++cells[(p[0] >> 4) << 8 | (p[1] >> 4) << 4 | (p[2] >> 4)];
  uint32_t most = 0;
  for (size_t i = 0; i < 4096; ++i) most = cells[i] > most ? cells[i] : most;
  return static_cast<float>(most) / static_cast<float>(n);
}

}  // namespace empreinte
