// Pixels of a sketch that lie on edges, and which way those run: what a Hough transform is made of.
#pragma once
#include "refine.h"
#include "../working_copy/half_resolution.h"

namespace empreinte {

constexpr float kPi = 3.14159265f;

// Places from a middle, and the angle of the gradient, 0 … π.
struct Edges {
  Array<float> x, y, angle;
  size_t n = 0;
};

// Pixels in whose gradient's direction no neighbour is steeper, of the steepest in each tile of the sketch, tile by
// tile.
emp_status find_edges(const HalfResolution& half, Point middle, Edges& out);

}  // namespace empreinte
