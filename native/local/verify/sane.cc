#include <cmath>

#include "map.h"

namespace empreinte::local {
namespace {

constexpr double kLeastDepth = 0.2;   // at the corners
constexpr double kMostStretch = 9;    // 3², of the axes
constexpr double kMostScale = 400;    // 20²
constexpr double kLeastScale = 3600;  // 60², one through it

}  // namespace

bool sane(const Map& map, double width, double height) {
  const double xs[4] = {0, width, width, 0}, ys[4] = {0, 0, height, height};
  MapPlace corners[4];
  for (int i = 0; i < 4; ++i) {
    if (!(map.depth(xs[i], ys[i]) > kLeastDepth)) return false;
    corners[i] = map.at(xs[i], ys[i]);
  }
  double first = 0;
  for (int i = 0; i < 4; ++i) {
    const MapPlace &a = corners[i], &b = corners[(i + 1) % 4], &c = corners[(i + 2) % 4];
    const double turn = (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x);
    if (i == 0) first = turn;
    if (!(turn * first > 0)) return false;
  }
  // The squares of the map's two scales in its middle.
  const Jacobian j = map.jacobian(width / 2, height / 2);
  const double right = j.xx * j.xx + j.yx * j.yx, down = j.xy * j.xy + j.yy * j.yy, mixed = j.xx * j.xy + j.yx * j.yy;
  const double spread = std::sqrt((right - down) * (right - down) + 4 * mixed * mixed);
  const double larger = (right + down + spread) / 2, smaller = (right + down - spread) / 2;
  return smaller * kLeastScale > 1 && larger < kMostScale && larger < kMostStretch * smaller;
}

}  // namespace empreinte::local
