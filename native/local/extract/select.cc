#include "select.h"

#include <algorithm>

namespace empreinte {
namespace {

// A complete order, so that the choice does not depend on how it is sorted.
bool is_stronger(const Extremum& a, const Extremum& b) {
  if (a.contrast != b.contrast) return a.contrast > b.contrast;
  if (a.octave != b.octave) return a.octave < b.octave;
  if (a.level != b.level) return a.level < b.level;
  return a.y != b.y ? a.y < b.y : a.x < b.x;
}

// Bins of 8×8 in octave 0, 4×4 in octave 1, 2×2 and then one.
constexpr uint32_t kBinsAcross = 8;
uint32_t bin_of(const Extremum& e, const LumaCopy& copy) {
  const uint32_t across = std::max(1u, kBinsAcross >> e.octave);
  const auto cell = [&](float place, uint32_t side) {
    const float pixels = (place + 0.5f) * static_cast<float>(1u << e.octave);
    const auto at =
        static_cast<uint32_t>(std::max(0.0f, pixels * static_cast<float>(across) / static_cast<float>(side)));
    return std::min(across - 1, at);
  };
  return (e.octave * kBinsAcross + cell(e.y, copy.height)) * kBinsAcross + cell(e.x, copy.width);
}

struct Ranked {
  Extremum extremum;
  uint32_t bin, rank;
};

}  // namespace

bool select_spread(const LumaCopy& copy, uint32_t most, GrowingList<Extremum>& extrema) {
  if (extrema.size() == 0) return true;
  Array<Ranked> all(extrema.size());
  if (!all) return false;
  for (size_t i = 0; i < all.size(); ++i) all[i] = {extrema[i], bin_of(extrema[i], copy), 0};
  Ranked *first = all.data(), *last = first + all.size();
  std::sort(first, last, [](const Ranked& a, const Ranked& b) {
    return a.bin != b.bin ? a.bin < b.bin : is_stronger(a.extremum, b.extremum);
  });
  for (size_t i = 1; i < all.size(); ++i) all[i].rank = all[i].bin == all[i - 1].bin ? all[i - 1].rank + 1 : 0;
  std::sort(first, last, [](const Ranked& a, const Ranked& b) {
    return a.rank != b.rank ? a.rank < b.rank : is_stronger(a.extremum, b.extremum);
  });
  extrema.cut(most);
  for (size_t i = 0; i < extrema.size(); ++i) extrema[i] = all[i].extremum;
  return true;
}

void select_strongest(uint32_t most, GrowingList<Extremum>& extrema) {
  if (extrema.size() == 0) return;
  if (extrema.size() > most) std::nth_element(extrema.begin(), extrema.begin() + most, extrema.end(), is_stronger);
  extrema.cut(most);
  std::sort(extrema.begin(), extrema.end(), is_stronger);
}

}  // namespace empreinte
