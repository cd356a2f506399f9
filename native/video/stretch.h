// A stretch: the part of a line where the videos are the same, and what speaks for it.
#pragma once
#include "line.h"

namespace empreinte {

struct Videos {
  const emp_video& query;
  const emp_video& known;
  const emp_video_options& options;
  const List<Point>& points;
  // That of the side that was looked at more often, and of the other.
  double dense() const { return query.spacing < known.spacing ? query.spacing : known.spacing; }
  double sparse() const { return query.spacing < known.spacing ? known.spacing : query.spacing; }
  // How far a point may lie beside the line and be on it, but for the size of its rectangle.
  double tolerance() const { return 0.3 + 0.6 * dense(); }
};

struct Stretch {
  Line line;
  emp_video_segment segment;
  double weight;            // mean of its points
  double partial_evidence;  // its evidence where it is only a part of both videos
};

// Whether the line goes through the point's rectangle, or near it.
bool on_line(const Videos& videos, const Line& line, const Point& p);

// extent.cc: from where to where. Fills query_from … known_to and speed.
emp_status find_extent(const Videos& videos, const List<uint32_t>& points, Stretch* stretch);
// evidence.cc: share, evidence, still, distance, nearest, matches and weight.
emp_status weigh(const Videos& videos, const List<uint32_t>& points, Stretch* stretch);
// decision.cc: which of the stretches are a match. Keeps those, in their order.
void decide(const Videos& videos, List<Stretch>* stretches);

}  // namespace empreinte
