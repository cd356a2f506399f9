#include "twins.h"

#include <algorithm>

namespace empreinte {
namespace {

uint32_t ones(uint64_t x) {
  x = x - (x >> 1 & 0x5555555555555555u);
  x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
  return static_cast<uint32_t>(((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u >> 56);
}

struct Words {
  uint64_t v[4];
};

// The first half excludes most pairs.
bool are_near(const Words& a, const Words& b) {
  const uint32_t half = ones(a.v[0] ^ b.v[0]) + ones(a.v[1] ^ b.v[1]);
  return half <= kTwinRadius && half + ones(a.v[2] ^ b.v[2]) + ones(a.v[3] ^ b.v[3]) <= kTwinRadius;
}

bool are_apart(const LocalPoint& a, const LocalPoint& b) {
  const float dx = a.x - b.x, dy = a.y - b.y, reach = 2 * std::max(a.sigma, b.sigma);
  return dx * dx + dy * dy > reach * reach;
}

}  // namespace

bool drop_twins(LocalPoints& p) {
  if (p.count < 3) return true;
  Array<Words> words(p.count);
  Array<uint8_t> twins(p.count);
  if (!words || !twins) return false;
  twins.zero();
  for (uint32_t i = 0; i < p.count; ++i) std::memcpy(words[i].v, p.points[i].descriptor, EMP_HASH_BYTES);
  for (uint32_t i = 0; i < p.count; ++i)
    for (uint32_t j = i + 1; j < p.count; ++j) {
      if (!are_near(words[i], words[j]) || !are_apart(p.points[i], p.points[j])) continue;
      twins[i] = std::min<uint8_t>(2, twins[i] + 1);
      twins[j] = std::min<uint8_t>(2, twins[j] + 1);
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
