// A map from the known image into the query image: a similarity, an affine map or a homography.
#pragma once
#include <cmath>

#include "pair.h"

namespace empreinte::local {

// std::hypot would need a newer glibc than the addon does.
inline double length_of(double x, double y) { return std::sqrt(x * x + y * y); }

struct MapPlace {
  double x, y;
};

// How a map changes small steps: a step right becomes (xx, yx), a step down (xy, yy).
struct Jacobian {
  double xx, xy, yx, yy;
  double determinant() const { return xx * yy - xy * yx; }
};

struct Map {
  // (x, y) becomes ((a0 x + a1 y + a2) / w, (a3 x + a4 y + a5) / w) with w = a6 x + a7 y + a8.
  double a[9];

  double depth(double x, double y) const { return a[6] * x + a[7] * y + a[8]; }
  MapPlace at(double x, double y) const {
    const double w = depth(x, y);
    return {(a[0] * x + a[1] * y + a[2]) / w, (a[3] * x + a[4] * y + a[5]) / w};
  }
  Jacobian jacobian(double x, double y) const {
    const double w = depth(x, y);
    const MapPlace p = at(x, y);
    return {(a[0] - p.x * a[6]) / w, (a[1] - p.x * a[7]) / w, (a[3] - p.y * a[6]) / w, (a[4] - p.y * a[7]) / w};
  }
};

// Returns whether the map takes the known spot to the query spot: within the distance, with a scale that differs by at
// most 2^0.6, and an orientation that differs by at most half a radian.
bool agrees(const Map& map, const Spot& known, const Spot& query, double within);

// Returns the similarity by which one pair is explained. It reverses one axis where the query is mirrored.
Map similarity(const Spot& known, const Spot& query, bool mirrored);

// Fits an affine map by least squares. The prior counts as `weight` pairs around their middle, so that few pairs cannot
// bend it. Returns false if the pairs do not determine a map.
bool fit_affine(const Pairs& pairs, const Scene& query, const Scene& known, const Map& prior, double weight, Map* out);

// Fits a homography by least squares, with a slight preference for an affine one. It needs eight pairs.
bool fit_homography(const Pairs& pairs, const Scene& query, const Scene& known, Map* out);

// Returns whether a camera or an editor may have made this map of the known image: its corners in one turn, no fold,
// the axes stretched by less than a factor of three, and a scale between 1/60 and 20.
bool sane(const Map& map, double width, double height);

}  // namespace empreinte::local
