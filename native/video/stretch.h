// A stretch: the part of a line where the videos are the same, with its evidence.
#pragma once
#include "line.h"

namespace empreinte {

struct Videos {
  const emp_video& query;
  const emp_video& known;
  const emp_video_options& options;
  const List<Point>& points;
  // The spacing of the denser side, and that of the other.
  double dense() const { return query.spacing < known.spacing ? query.spacing : known.spacing; }
  double sparse() const { return query.spacing < known.spacing ? known.spacing : query.spacing; }
  // Returns how far a point may be from a line and still be on it, apart from the size of its rectangle.
  double tolerance() const { return 0.3 + 0.6 * dense(); }
};

struct Stretch {
  Line line;
  emp_video_segment segment;
  double weight;            // mean of its points
  double partial_evidence;  // its evidence where it is only a part of both videos
};

// Returns whether the line goes through the point's rectangle, or near it.
bool on_line(const Videos& videos, const Line& line, const Point& p);

// Finds where the stretch begins and ends (extent.cc): fills query_from … known_to and speed.
emp_status find_extent(const Videos& videos, const List<uint32_t>& points, Stretch* stretch);
// Measures the evidence (evidence.cc): share, evidence, static_share, distance, nearest, matches and weight.
emp_status weigh(const Videos& videos, const List<uint32_t>& points, Stretch* stretch);
// Decides which stretches are a match (same_video.cc), and keeps those in their order.
void decide(const Videos& videos, List<Stretch>* stretches);

}  // namespace empreinte
