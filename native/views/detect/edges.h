// Edge pixels of the half resolution and their directions, for a Hough transform.
#pragma once
#include "refine.h"
#include "../working_copy/half_resolution.h"

namespace empreinte {

constexpr float kPi = 3.14159265f;

// Positions relative to a middle, and the angle of the gradient, 0 … π.
struct Edges {
  Array<float> x, y, angle;
  size_t n = 0;
};

// Finds, tile by tile, the steepest pixels that have no steeper neighbour in the direction of their gradient.
emp_status find_edges(const HalfResolution& s, PlanePoint middle, Edges& edges);

}  // namespace empreinte
