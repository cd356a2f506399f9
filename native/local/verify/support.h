// Support: the points of the known image that the query shows where the map says, whether or not the index found them.
#pragma once
#include "map.h"

namespace empreinte::local {

// The points of a query in the order of their x, so that those near a place are found at once.
struct ByX {
  const uint32_t* order;  // positions in the scene's spots
};

struct Support {
  Pairs pairs;        // distinct
  uint32_t seen = 0;  // points of the known image that the map puts inside the query, large enough to be found
};

// Fills `out` with what supports the map.
void find_support(const Scene& query, const ByX& by_x, const Scene& known, const Map& map, Support* out);

}  // namespace empreinte::local
