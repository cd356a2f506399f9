// Sides that were found on the sketch, moved to where the edge lies on the working copy: a hash is lost when its view
// is off by more than about one per cent of the side.
#pragma once
#include "../working_copy/working_copy.h"
#include "../geometry/view.h"

namespace empreinte {

struct Point {
  float x, y;
};

// Corners in pixels of the working copy, from the top left clockwise: pixel i covers i … i+1.
struct Quad {
  Point corner[4];
};

// Moves each side by at most `reach` pixels (≤ 8) along its normal. `turn`: its direction may change too. Side i goes
// from corner i to the next; those not in `sides` (bit i) stay.
Quad refine(const WorkingCopy& copy, const Quad& quad, int reach, bool turn, uint32_t sides);

// The line base + slope · at on which most of the n ≤ 64 values lie, to within `on`; how many do.
int fit_most(const float* at, const float* value, int n, float on, float& base, float& slope);

// Where two lines through these points meet; false when they are parallel.
bool meet(Point a, Point b, Point c, Point d, Point& out);

}  // namespace empreinte
