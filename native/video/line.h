// The line of a chain: known time = speed · query time + offset.
#pragma once
#include "chain.h"

namespace empreinte {

struct Line {
  double speed, offset;
  double known(double query) const { return speed * query + offset; }
  double query(double known) const { return (known - offset) / speed; }
  // How far the point lies beside the line, in seconds of the known video.
  double beside(const Point& p) const;
};

// The line through the points of a chain, each by how well its place is known, outliers by little. A speed of 1 unless
// the points say otherwise: few points a second apart would fit 0.97 as well.
Line fit_line(const List<Point>& points, const Chain& chain, double spacing, const emp_video_options& options);

}  // namespace empreinte
