#include <cmath>

#include "map.h"

namespace empreinte::local {
namespace {

constexpr double kLeastScale = 0.43527528164806206;  // 2^-1.2, of areas
constexpr double kMostScale = 2.2973967099940698;    // 2^1.2
constexpr double kCosine = 0.87758256189037276;      // of half a radian

}  // namespace

bool agrees(const Map& map, const Spot& known, const Spot& query, double within) {
  // Each comparison is written so that it is false for what is no number, as on the horizon of a homography.
  const MapPlace p = map.at(known.x, known.y);
  const double dx = p.x - query.x, dy = p.y - query.y;
  if (!(dx * dx + dy * dy <= within * within)) return false;
  const Jacobian j = map.jacobian(known.x, known.y);
  const double ratio = known.sigma / query.sigma, area = std::abs(j.determinant()) * ratio * ratio;
  if (!(area >= kLeastScale && area <= kMostScale)) return false;
  const double x = j.xx * known.cos + j.xy * known.sin, y = j.yx * known.cos + j.yy * known.sin;
  return x * query.cos + y * query.sin >= kCosine * std::sqrt(x * x + y * y);
}

Map similarity(const Spot& known, const Spot& query, bool mirrored) {
  // The known orientation becomes the query's, and the axis across it follows to the right, or to the left.
  const double scale = query.sigma / known.sigma, side = mirrored ? -1 : 1;
  const double xx = scale * (query.cos * known.cos + side * query.sin * known.sin);
  const double xy = scale * (query.cos * known.sin - side * query.sin * known.cos);
  const double yx = scale * (query.sin * known.cos - side * query.cos * known.sin);
  const double yy = scale * (query.sin * known.sin + side * query.cos * known.cos);
  return {{xx, xy, query.x - xx * known.x - xy * known.y, yx, yy, query.y - yx * known.x - yy * known.y, 0, 0, 1}};
}

}  // namespace empreinte::local
