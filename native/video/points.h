// Points: where a frame of the query and one of the known video show the same, as rectangles in time × time. Moving
// scenes give small rectangles on the line that the alignment searches for. A static scene gives a large one.
#pragma once
#include "../empreinte.h"
#include "list.h"

namespace empreinte {

struct Point {
  double q0, q1, k0, k1;  // seconds
  uint32_t query, known;  // the pair that is nearest
  uint32_t distance;      // of that pair
  float weight;
  double step;  // seconds between two samples of the sparser side

  double q() const { return (q0 + q1) / 2; }
  double k() const { return (k0 + k1) / 2; }
  double q_half() const { return (q1 - q0) / 2; }
  double k_half() const { return (k1 - k0) / 2; }
  // Returns how far a line of that speed may be from the middle, in seconds of the known video. In a static scene the
  // shorter side may be anywhere within the longer one. A line that is as steep as the rectangle's diagonal crosses it
  // from corner to corner, apart from frames that one side lost.
  double unknown(double speed) const {
    const double known = k_half(), query = speed * q_half();
    const double more = known > query ? known - query + kLost * query : query - known + kLost * known;
    return more + (more > kStanding ? step / 2 : 0);
  }
  static constexpr double kLost = 0.3, kStanding = 0.3;
};

// Finds the points of two videos, sorted by q().
emp_status find_points(const emp_video& query, const emp_video& known, const emp_video_options& options,
                       List<Point>* out);

}  // namespace empreinte
