// An image rotated by a few degrees on a canvas of one colour. Its wedges are too thin for lines to be found.
#pragma once
#include "refine.h"

namespace empreinte {

// Returns false when the corners are not of one colour, or the content inside is not rotated.
bool find_tilt(const WorkingCopy& copy, Quad& out);

}  // namespace empreinte
