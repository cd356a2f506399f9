// Moves sides found on the half resolution to the edge on the working copy. A hash is lost when its view is off by more
// than about one per cent of the side.
#pragma once
#include "../working_copy/working_copy.h"
#include "../geometry/view.h"

namespace empreinte {

struct PlanePoint {
  float x, y;
};

// Corners in pixels of the working copy, clockwise from the top left. Pixel i covers i … i+1.
struct Quad {
  PlanePoint corner[4];
};

// Moves each side by at most `reach` pixels (≤ 8) along its normal. With `turn` its direction may change too. Side i
// goes from corner i to the next; a side that is not in `sides` (bit i) stays.
Quad refine(const WorkingCopy& copy, const Quad& quad, int reach, bool turn, uint32_t sides);

// Finds the line base + slope · at that most of the n ≤ 64 values are on, within `on`. Returns how many are.
int fit_most(const float* at, const float* value, int n, float on, float& base, float& slope);

// Finds where two lines through these points meet. Returns false when they are parallel.
bool meet(PlanePoint a, PlanePoint b, PlanePoint c, PlanePoint d, PlanePoint& out);

}  // namespace empreinte
