// The affine map of a hypothesis, and the pairs that agree with it.
#pragma once
#include "hypothesis.h"

namespace empreinte::local {

// Fits an affine map to the hypothesis in four passes. `inliers` holds the pairs of the hypothesis, and then the
// distinct pairs among all that agree with the map, at least two. Returns false if there is no such map.
bool fit_inliers(const Scene& query, const Scene& known, const Pairs& all, const Map& hypothesis, Pairs* inliers,
                 Map* map);

}  // namespace empreinte::local
