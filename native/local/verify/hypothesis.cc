#include "hypothesis.h"

#include <algorithm>
#include <cmath>

namespace empreinte::local {
namespace {

constexpr size_t kMostTried = 120;
constexpr double kSigmas = 2.5;
// The scale and angle of one pair are rough, so that a map made from it errs by a share of the distance from it.
constexpr double kReach = 0.15;

// Returns whether a pair agrees with the similarity of another one, `from`.
bool explains(const Map& map, double scale, const Spot& from, const Spot& known, const Spot& query) {
  const double reach = scale * length_of(known.x - from.x, known.y - from.y);
  return agrees(map, known, query, kSigmas * query.sigma + kReach * reach);
}

}  // namespace

bool find_hypothesis(const Scene& query, const Scene& known, bool mirrored, Votes* votes, Map* map, Pairs* agreeing) {
  const Pairs& pairs = votes->pairs;
  const auto agree = [&](const Pair& from, auto&& visit) {
    const Spot &spot = known.spots[from.known], &image = query.spots[from.query];
    const Map tried = similarity(spot, image, mirrored);
    for (size_t i = 0; i < pairs.size(); ++i)
      if (explains(tried, image.sigma / spot.sigma, spot, known.spots[pairs[i].known], query.spots[pairs[i].query]))
        visit(i);
    return tried;
  };
  size_t best = 0, most = 1;
  for (size_t i = 0; i < std::min(pairs.size(), kMostTried); ++i) {
    if (votes->explained[i]) continue;
    size_t count = 0;
    agree(pairs[i], [&](size_t) { ++count; });
    if (count > most) most = count, best = i;
  }
  if (most < 2) return false;
  agreeing->clear();
  // The pair itself agrees but for rounding. It must not be tried again.
  votes->explained[best] = true;
  *map = agree(pairs[best], [&](size_t i) {
    votes->explained[i] = true;
    agreeing->add(pairs[i]);
  });
  return true;
}

}  // namespace empreinte::local
