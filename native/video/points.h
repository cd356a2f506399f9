// Points: where a picture of the query and one of the known video are the same, as rectangles in time × time. Moving
// pictures make small ones, on the line that the alignment is looking for; a still scene makes one large one.
#pragma once
#include "../empreinte.h"
#include "list.h"

namespace empreinte {

struct Point {
  double q0, q1, k0, k1;  // seconds
  uint32_t query, known;  // the pair that is nearest
  uint32_t distance;      // of that pair
  float weight;

  double q() const { return (q0 + q1) / 2; }
  double k() const { return (k0 + k1) / 2; }
  double q_half() const { return (q1 - q0) / 2; }
  double k_half() const { return (k1 - k0) / 2; }
};

// Sorted by q().
emp_status find_points(const emp_video& query, const emp_video& known, const emp_video_options& options,
                       List<Point>* out);

}  // namespace empreinte
