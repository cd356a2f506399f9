// Pairs in distinct places: a texture that repeats, or a point found twice, must not count as two.
#pragma once
#include "pair.h"

namespace empreinte::local {

// Sorts the pairs, the nearest in bits first, and keeps those that are no nearer than 1.5 sigma to a kept one in either
// image.
void keep_distinct(const Scene& query, const Scene& known, Pairs* pairs);

}  // namespace empreinte::local
