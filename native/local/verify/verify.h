// Whether a query shows a known image, or a part of it: the geometry of the points that both have.
#pragma once
#include "support.h"

namespace empreinte::local {

// What the points of a candidate come to.
struct Finding {
  Map map;
  bool mirrored;
  uint32_t inliers;                 // pairs from the index that agree with the map, in distinct places
  uint32_t support;                 // points of the known image that the query shows there, at least the inliers
  uint32_t seen;                    // points of the known image that the query could show there, at least the support
  double distance;                  // the mean of the differing bits of the support
  double left, top, right, bottom;  // the box of the support in the known image, in its units
};

// The query in both handednesses. They have the same points in the same places.
struct VerifyQuery {
  const Spot* spots;
  ByX by_x;
  const uint8_t* bits[2];  // as it is, and mirrored
  size_t count;
  double width, height;
};

struct Vote {
  Pair pair;
  bool mirrored;
};

// Finds the map that most of the known image's points support. The 400 nearest votes of each handedness are used, in
// three rounds. Returns false where no map explains two votes.
bool verify(const VerifyQuery& query, const Scene& known, const Vote* votes, size_t count, Finding* out);

// Returns how far a finding may be trusted, as an emp_local_tier. `hits` is how many rows of the entry were found,
// `images` how many images the list has.
uint32_t tier_of(const Finding& finding, const Scene& known, uint64_t hits, uint64_t images);

}  // namespace empreinte::local
