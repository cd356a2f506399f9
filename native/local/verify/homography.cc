#include <cmath>

#include "map.h"
#include "solve.h"

namespace empreinte::local {
namespace {

constexpr size_t kLeastPairs = 8;
constexpr double kStiffness = 1e-3;  // of the two numbers of perspective, for each pair

// Moves places to their middle and scales them to a mean distance of 1.
struct Frame {
  double x = 0, y = 0, size = 0;

  template <class SpotOf>
  Frame(const Pairs& pairs, SpotOf spot_of) {
    const auto count = static_cast<double>(pairs.size());
    for (const Pair& pair : pairs) x += spot_of(pair).x / count, y += spot_of(pair).y / count;
    for (const Pair& pair : pairs) size += length_of(spot_of(pair).x - x, spot_of(pair).y - y) / count;
  }
  MapPlace inside(const Spot& spot) const { return {(spot.x - x) / size, (spot.y - y) / size}; }
};

}  // namespace

bool fit_homography(const Pairs& pairs, const Scene& query, const Scene& known, Map* out) {
  if (pairs.size() < kLeastPairs) return false;
  const Frame from(pairs, [&](const Pair& pair) { return known.spots[pair.known]; });
  const Frame to(pairs, [&](const Pair& pair) { return query.spots[pair.query]; });
  if (!(from.size > 0 && to.size > 0)) return false;
  double left[8][8] = {}, right[8][1] = {};
  for (const Pair& pair : pairs) {
    const auto [x, y] = from.inside(known.spots[pair.known]);
    const auto [u, v] = to.inside(query.spots[pair.query]);
    const double rows[2][8] = {{x, y, 1, 0, 0, 0, -u * x, -u * y}, {0, 0, 0, x, y, 1, -v * x, -v * y}};
    const double ends[2] = {u, v};
    for (int r = 0; r < 2; ++r)
      for (int i = 0; i < 8; ++i) {
        for (int j = 0; j < 8; ++j) left[i][j] += rows[r][i] * rows[r][j];
        right[i][0] += rows[r][i] * ends[r];
      }
  }
  left[6][6] += kStiffness * static_cast<double>(pairs.size());
  left[7][7] += kStiffness * static_cast<double>(pairs.size());
  if (!solve(left, right)) return false;
  // From the frames back to the units of the images: first the known side, then the query's.
  double rows[3][3];
  for (int i = 0; i < 3; ++i) {
    const double a = right[3 * i][0], b = right[3 * i + 1][0], c = i == 2 ? 1 : right[3 * i + 2][0];
    rows[i][0] = a / from.size;
    rows[i][1] = b / from.size;
    rows[i][2] = c - (a * from.x + b * from.y) / from.size;
  }
  const double last = rows[2][2];
  if (!(std::abs(last) > 1e-12)) return false;
  for (int j = 0; j < 3; ++j) {
    out->a[j] = (to.size * rows[0][j] + to.x * rows[2][j]) / last;
    out->a[3 + j] = (to.size * rows[1][j] + to.y * rows[2][j]) / last;
    out->a[6 + j] = rows[2][j] / last;
  }
  return true;
}

}  // namespace empreinte::local
