// Points that occur several times in their own image, as in wire mesh, are dropped.
#pragma once
#include "steps_of.h"

namespace empreinte {

constexpr uint32_t kTwinRadius = 40;

// Drops each point that has more than one twin: another point farther than two sigmas away within kTwinRadius bits. The
// others keep their order. Returns false when memory runs out.
bool drop_twins(const LocalSteps& steps, LocalPoints& points);

}  // namespace empreinte
