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
  double step;  // seconds between two looks at the sparser side

  double q() const { return (q0 + q1) / 2; }
  double k() const { return (k0 + k1) / 2; }
  double q_half() const { return (q1 - q0) / 2; }
  double k_half() const { return (k1 - k0) / 2; }
  // How far a line of that speed may lie beside the middle, in seconds of the known video. Of a scene that stands still
  // the shorter side lies anywhere within the longer one; a rectangle as high as the line is steep is crossed from
  // corner to corner, give or take the frames that one side lost.
  double unknown(double speed) const {
    const double known = k_half(), query = speed * q_half();
    const double more = known > query ? known - query + kLost * query : query - known + kLost * known;
    return more + (more > kStanding ? step / 2 : 0);
  }
  static constexpr double kLost = 0.3, kStanding = 0.3;
};

// Sorted by q().
emp_status find_points(const emp_video& query, const emp_video& known, const emp_video_options& options,
                       List<Point>* out);

}  // namespace empreinte
