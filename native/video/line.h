// The line of a chain: known time = speed · query time + offset.
#pragma once
#include "chain.h"

namespace empreinte {

struct Line {
  double speed, offset;
  double known(double query) const { return speed * query + offset; }
  double query(double known) const { return (known - offset) / speed; }
  // Returns how far the point is from the line, in seconds of the known video.
  double beside(const Point& p) const;
};

// Fits a line through the points of a chain. Each counts by how well its place is known, and outliers count little. The
// speed is 1 unless the points clearly contradict it, because a few points a second apart would fit 0.97 as well.
Line fit_line(const List<Point>& points, const Chain& chain, double spacing, const emp_video_options& options);

}  // namespace empreinte
