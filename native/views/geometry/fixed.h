// Views that need no look at the picture: parts of a collage, what it would be before a crop, small turns.
#pragma once
#include "view.h"

namespace empreinte {

// The eight orientations of a view, in the order of EMP_DIHEDRAL_COUNT: the same place, its corners in another order,
// so that the hash is the one of the pixels turned.
View oriented_view(const View& view, uint32_t orientation);
// Left to right.
constexpr uint32_t kMirroredView = 5;

// What a view would be before this share of each of its sides was cut.
View zoomed_out(const View& view, float share);

// `width` and `height` of the picture in pixels: a turn by degrees depends on its shape. At most kFixedViews.
constexpr uint32_t kFixedViews = 40;
void fixed_views(float width, float height, Views& out);

// Further ones, as places to start an alignment from: coarser, wider apart, mirrored. At most kLargeViews.
constexpr uint32_t kLargeViews = 40;
void large_views(float width, float height, Views& out);

}  // namespace empreinte
