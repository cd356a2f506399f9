#include "distinct.h"

#include <algorithm>

namespace empreinte::local {
namespace {

constexpr double kApart = 1.5;

bool same_place(const Spot& a, const Spot& b) {
  const double dx = a.x - b.x, dy = a.y - b.y, apart = kApart * std::min(a.sigma, b.sigma);
  return dx * dx + dy * dy < apart * apart;
}

// An order in which no two pairs are equal, so that every run keeps the same ones.
bool nearer(const Pair& a, const Pair& b) {
  if (a.distance != b.distance) return a.distance < b.distance;
  return a.query != b.query ? a.query < b.query : a.known < b.known;
}

}  // namespace

void keep_distinct(const Scene& query, const Scene& known, Pairs* pairs) {
  std::sort(pairs->begin(), pairs->end(), nearer);
  Pair* kept = pairs->begin();
  for (const Pair& pair : *pairs) {
    const auto near = [&](const Pair& other) {
      return pair.query == other.query || pair.known == other.known ||
             same_place(query.spots[pair.query], query.spots[other.query]) ||
             same_place(known.spots[pair.known], known.spots[other.known]);
    };
    if (std::none_of(pairs->begin(), kept, near)) *kept++ = pair;
  }
  pairs->shrink(static_cast<size_t>(kept - pairs->begin()));
}

}  // namespace empreinte::local
