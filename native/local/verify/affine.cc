#include <cmath>

#include "map.h"
#include "solve.h"

namespace empreinte::local {
namespace {

// Small points are known more exactly.
double weight_of(const Spot& query) { return 1 / (query.sigma * query.sigma + 1); }

// The equations of least squares for both coordinates, in places around a middle and of about the size 1.
struct Equations {
  double left[3][3] = {}, right[3][2] = {};

  void add(double x, double y, const MapPlace& image, double weight) {
    const double row[3] = {x, y, 1};
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) left[i][j] += weight * row[i] * row[j];
      right[i][0] += weight * row[i] * image.x;
      right[i][1] += weight * row[i] * image.y;
    }
  }
};

}  // namespace

bool fit_affine(const Pairs& pairs, const Scene& query, const Scene& known, const Map& prior, double weight, Map* out) {
  const auto count = static_cast<double>(pairs.size());
  if (pairs.size() == 0) return false;
  double x = 0, y = 0, mean = 0;
  for (const Pair& pair : pairs) {
    x += known.spots[pair.known].x / count, y += known.spots[pair.known].y / count;
    mean += weight_of(query.spots[pair.query]) / count;
  }
  double size = 1;  // the mean distance from the middle, and one unit more, so that points in one place divide by it
  for (const Pair& pair : pairs)
    size += length_of(known.spots[pair.known].x - x, known.spots[pair.known].y - y) / count;
  Equations equations;
  for (const Pair& pair : pairs) {
    const Spot &from = known.spots[pair.known], &to = query.spots[pair.query];
    equations.add((from.x - x) / size, (from.y - y) / size, {to.x, to.y}, weight_of(to));
  }
  for (const double across : {-1.0, 1.0})
    for (const double down : {-1.0, 1.0})
      equations.add(across, down, prior.at(x + across * size, y + down * size), weight * mean / 4);
  if (!solve(equations.left, equations.right)) return false;
  const auto& m = equations.right;
  const double xx = m[0][0] / size, xy = m[1][0] / size, yx = m[0][1] / size, yy = m[1][1] / size;
  *out = {{xx, xy, m[2][0] - xx * x - xy * y, yx, yy, m[2][1] - yx * x - yy * y, 0, 0, 1}};
  return true;
}

}  // namespace empreinte::local
