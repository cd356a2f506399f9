// Straight lines of any angle in the half resolution: a Hough transform of its edges, then a fit of each line.
#pragma once
#include "refine.h"
#include "../working_copy/half_resolution.h"

namespace empreinte {

constexpr size_t kHoughLines = 20;
constexpr uint32_t kMarks = 256;  // positions along a line

// The line normal.x · x + normal.y · y = offset. A place t along it, counted from the image's middle, is mark
// t / step + kMarks/2. `sum[i]` of the marks before i are on an edge.
struct HoughLine {
  PlanePoint normal;
  float offset;
  uint16_t sum[kMarks + 1];
};

struct HoughLines {
  float width, height, step;  // pixels; `step` is the distance from one mark to the next
  HoughLine line[kHoughLines];
  size_t n = 0;

  // Returns the share of the line between two points on it that is on edges, 0 … 1.
  float support(const HoughLine& line, PlanePoint from, PlanePoint to) const;
};

emp_status find_lines(const HalfResolution& half, HoughLines& out);

}  // namespace empreinte
