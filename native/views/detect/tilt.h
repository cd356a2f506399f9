// A picture that was turned by a few degrees on a canvas of one colour leaves wedges too thin for lines to be seen.
#pragma once
#include "refine.h"

namespace empreinte {

// False when the corners are not of one colour, or what lies inside it is not turned.
bool find_tilt(const WorkingCopy& copy, Quad& out);

}  // namespace empreinte
