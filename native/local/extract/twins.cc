#include "twins.h"

#include <algorithm>

namespace empreinte {
namespace {

bool are_apart(const LocalPoint& a, const LocalPoint& b) {
  const float dx = a.x - b.x, dy = a.y - b.y, reach = 2 * std::max(a.sigma, b.sigma);
  return dx * dx + dy * dy > reach * reach;
}

struct Words {
  uint64_t v[4];
};

}  // namespace

bool drop_twins(const LocalSteps& steps, LocalPoints& p) {
  if (p.count < 3) return true;
  Array<Words> words(p.count);
  Array<uint16_t> near(p.count);
  Array<uint8_t> twins(p.count);
  if (!words || !near || !twins) return false;
  twins.zero();
  for (uint32_t i = 0; i < p.count; ++i) std::memcpy(words[i].v, p.points[i].descriptor, EMP_HASH_BYTES);
  for (uint32_t i = 0; i < p.count; ++i) {
    const uint32_t found = steps.rows_near(&words.data()->v, i, p.count, kTwinRadius, near.data());
    for (uint32_t k = 0; k < found; ++k) {
      const uint32_t j = near[k];
      if (!are_apart(p.points[i], p.points[j])) continue;
      twins[i] = std::min<uint8_t>(2, twins[i] + 1);
      twins[j] = std::min<uint8_t>(2, twins[j] + 1);
    }
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < p.count; ++i) {
    if (twins[i] > 1) continue;
    p.points[kept] = p.points[i];
    p.histograms[kept++] = p.histograms[i];
  }
  p.count = kept;
  return true;
}

}  // namespace empreinte
