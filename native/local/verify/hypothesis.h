// The similarity that explains most pairs.
#pragma once
#include "map.h"

namespace empreinte::local {

// The pairs of one candidate in one handedness, the nearest in bits first, and which of them a map explained already.
struct Votes {
  static constexpr size_t kMost = 400;
  Pairs pairs;
  bool explained[kMost] = {};
};

// Tries the similarity of each of the 120 nearest pairs that are not explained yet, and takes the one that most pairs
// agree with: `map` and those pairs, at least two. It marks them as explained. Returns false if there is none.
bool find_hypothesis(const Scene& query, const Scene& known, bool mirrored, Votes* votes, Map* map, Pairs* agreeing);

}  // namespace empreinte::local
