// Points that occur several times in their own image, as in wire mesh, are dropped.
#pragma once
#include "../point.h"

namespace empreinte {

// Drops each point that has more than one twin: another point farther than two sigmas away within kTwinRadius bits. The
// others keep their order. Returns false when memory runs out.
constexpr uint32_t kTwinRadius = 40;
bool drop_twins(LocalPoints& points);

}  // namespace empreinte
