// The direction that the gradients around a place have most.
#pragma once
#include "scale_space.h"
#include "steps_of.h"

namespace empreinte {

struct Orientations {
  uint32_t count = 0;
  float angle[2] = {};  // radians, 0 … 2π, the stronger first
};

// At most `most` (1 or 2) directions. The second has at least four fifths of the first.
Orientations orientations_of(const LocalSteps& steps, const Level& level, const Extremum& e, uint32_t most);

}  // namespace empreinte
