// Chains: points that follow one another at one speed.
#pragma once
#include "points.h"

namespace empreinte {

struct Chain {
  double speed = 1;
  double score = 0;     // about the seconds that match; 0 when there is no chain
  List<uint32_t> path;  // points in the order of time
};

// Finds the best chain among the points whose `used` is 0. `spacing` is that of the denser side, `sparse` that of the
// other.
emp_status best_chain(const List<Point>& points, const List<uint8_t>& used, double spacing, double sparse,
                      const emp_video_options& options, Chain* out);

}  // namespace empreinte
