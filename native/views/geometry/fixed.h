// Views that need no detection: pieces of a collage, the image before a crop, small rotations.
#pragma once
#include "view.h"

namespace empreinte {

// Returns a view in another orientation: the same place with its corners in another order, so that its hash is that of
// the rotated or mirrored pixels. Orientations count as in emp_hash_result.dihedral.
View oriented_view(const View& view, uint32_t orientation);
// The orientation that mirrors left to right.
constexpr uint32_t kMirroredView = 5;

// Returns a view as it was before this share of each of its sides was cut off.
View zoomed_out(const View& view, float share);

// Adds the views of the stage FIXED, at most kFixedViews. `width` and `height` are the image's in pixels, because a
// rotation depends on its shape.
constexpr uint32_t kFixedViews = 40;
void fixed_views(float width, float height, Views& out);

// Adds the views of the stage LARGE, at most kLargeViews: coarser, farther apart and mirrored, as starting points for
// an alignment.
constexpr uint32_t kLargeViews = 40;
void large_views(float width, float height, Views& out);

}  // namespace empreinte
