#include "inliers.h"

#include "distinct.h"

namespace empreinte::local {
namespace {

constexpr size_t kLeastPairs = 2;

// What a pass allows, and how many pairs the hypothesis counts as.
struct Pass {
  double sigmas, units, prior;
};
constexpr Pass kPasses[] = {{2, 4, 2}, {1, 2, 2}, {1, 2, 1}, {1, 2, 1}};

}  // namespace

bool fit_inliers(const Scene& query, const Scene& known, const Pairs& all, const Map& hypothesis, Pairs* inliers,
                 Map* map) {
  keep_distinct(query, known, inliers);
  if (inliers->size() < kLeastPairs) return false;
  for (const Pass& pass : kPasses) {
    if (!fit_affine(*inliers, query, known, hypothesis, pass.prior, map)) return false;
    inliers->clear();
    for (const Pair& pair : all) {
      const Spot& image = query.spots[pair.query];
      if (agrees(*map, known.spots[pair.known], image, pass.sigmas * image.sigma + pass.units)) inliers->add(pair);
    }
    keep_distinct(query, known, inliers);
    if (inliers->size() < kLeastPairs) return false;
  }
  return sane(*map, known.width, known.height);
}

}  // namespace empreinte::local
