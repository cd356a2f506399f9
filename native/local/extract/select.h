// Which extrema become points.
#pragma once
#include "scale_space.h"

namespace empreinte {

// Orders the extrema so that the first `most` are from all over the image, and drops the others. A part that is cut out
// must have points wherever it is. Returns false when memory runs out.
bool select_spread(const LumaCopy& copy, uint32_t most, GrowingList<Extremum>& extrema);
// Orders the extrema by falling contrast and drops all but `most`.
void select_strongest(uint32_t most, GrowingList<Extremum>& extrema);

}  // namespace empreinte
