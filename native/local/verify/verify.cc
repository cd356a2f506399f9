// A candidate is verified in rounds. Each takes the similarity that most votes agree with, fits an affine map to those,
// and counts the points that support it. The map is fitted to those again, as a homography where they are 12 or more,
// as long as the support grows.
#include "verify.h"

#include <algorithm>

#include "inliers.h"

namespace empreinte::local {
namespace {

constexpr int kRounds = 3;
constexpr size_t kHomography = 12;  // points that support it
constexpr double kPrior = 1;
constexpr int kRefits = 4;  // an affine map of a tilted plane is right in a part of it, from which a homography grows

// Sorts the votes of one handedness, and keeps the nearest.
void take_votes(const Vote* votes, size_t count, bool mirrored, Votes* out) {
  // A heap of the nearest so far, of which the farthest is on top.
  Pair nearest[Votes::kMost];
  size_t size = 0;
  const auto nearer = [](const Pair& a, const Pair& b) {
    if (a.distance != b.distance) return a.distance < b.distance;
    return a.query != b.query ? a.query < b.query : a.known < b.known;
  };
  for (size_t i = 0; i < count; ++i) {
    if (votes[i].mirrored != mirrored) continue;
    if (size == Votes::kMost) {
      if (!nearer(votes[i].pair, nearest[0])) continue;
      std::pop_heap(nearest, nearest + size--, nearer);
    }
    nearest[size++] = votes[i].pair;
    std::push_heap(nearest, nearest + size, nearer);
  }
  std::sort_heap(nearest, nearest + size, nearer);
  out->pairs.clear();
  for (size_t i = 0; i < size; ++i) out->pairs.add(nearest[i]);
  std::fill(out->explained, out->explained + Votes::kMost, false);
}

// Fits the map anew to what supports it.
bool fit_again(const Scene& query, const Scene& known, const Pairs& support, const Map& hypothesis, Map* map) {
  const auto good = [&] { return sane(*map, known.width, known.height); };
  if (support.size() >= kHomography && fit_homography(support, query, known, map) && good()) return true;
  return fit_affine(support, query, known, hypothesis, kPrior, map) && good();
}

void measure(const Scene& known, const Pairs& support, Finding* out) {
  out->left = known.width, out->top = known.height, out->right = 0, out->bottom = 0;
  double bits = 0;
  for (const Pair& pair : support) {
    const Spot& spot = known.spots[pair.known];
    out->left = std::min(out->left, spot.x), out->right = std::max(out->right, spot.x);
    out->top = std::min(out->top, spot.y), out->bottom = std::max(out->bottom, spot.y);
    bits += pair.distance;
  }
  out->distance = bits / static_cast<double>(support.size());
}

// One round of one handedness.
struct Round {
  Pairs inliers;
  Support support, wider;
};

// Returns whether the round has a finding.
bool find(const VerifyQuery& query, const Scene& image, const Scene& known, bool mirrored, const Votes& votes,
          const Map& hypothesis, Round* round, Finding* out) {
  if (!fit_inliers(image, known, votes.pairs, hypothesis, &round->inliers, &out->map)) return false;
  Support* best = &round->support;
  Support* other = &round->wider;
  find_support(image, query.by_x, known, out->map, best);
  // The inliers support the map as well, and may be more where a point nearer in bits took another's place.
  if (best->pairs.size() < round->inliers.size()) best->pairs = round->inliers;
  for (int i = 0; i < kRefits; ++i) {
    Map map;
    if (!fit_again(image, known, best->pairs, hypothesis, &map)) break;
    find_support(image, query.by_x, known, map, other);
    const size_t before = best->pairs.size();
    if (other->pairs.size() < before) break;
    std::swap(best, other);
    out->map = map;
    if (best->pairs.size() == before) break;
  }
  out->mirrored = mirrored;
  out->inliers = static_cast<uint32_t>(round->inliers.size());
  out->support = static_cast<uint32_t>(best->pairs.size());
  out->seen = std::max(best->seen, out->support);
  measure(known, best->pairs, out);
  return true;
}

}  // namespace

bool verify(const VerifyQuery& query, const Scene& known, const Vote* votes, size_t count, Finding* out) {
  bool found = false;
  Votes taken;
  Round round;
  for (const bool mirrored : {false, true}) {
    const Scene image = {query.spots, query.bits[mirrored ? 1 : 0], query.count, query.width, query.height};
    take_votes(votes, count, mirrored, &taken);
    Map hypothesis;
    for (int i = 0; i < kRounds && find_hypothesis(image, known, mirrored, &taken, &hypothesis, &round.inliers); ++i) {
      Finding finding;
      if (!find(query, image, known, mirrored, taken, hypothesis, &round, &finding)) continue;
      const bool better = !found || finding.support > out->support ||
                          (finding.support == out->support && finding.inliers > out->inliers);
      if (better) *out = finding;
      found = true;
    }
  }
  return found;
}

}  // namespace empreinte::local
