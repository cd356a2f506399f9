// Extrema to a fraction of a sample.
#include <algorithm>
#include <cmath>

#include "numbers.h"
#include "scale_space.h"

namespace empreinte {
namespace {

constexpr int kSteps = 5;
constexpr float kEdge = 10;  // the largest quotient of the two curvatures

// Differences of the levels around a sample.
class Around {
 public:
  Around(const Octave& o, uint32_t x, uint32_t y, uint32_t level) : stride_(o.level[0].stride) {
    for (uint32_t k = 0; k < 4; ++k) at_[k] = o.level[level - 1 + k].row(y) + x;
  }
  float operator()(int32_t x, int32_t y, int32_t level) const {
    const int64_t at = int64_t{y} * stride_ + x;
    return at_[level + 2][at] - at_[level + 1][at];
  }

 private:
  const float* at_[4];
  uint32_t stride_;
};

// The quadratic through a sample's neighbours.
struct Quadratic {
  float value, gx, gy, gs, xx, yy, ss, xy, xs, ys;
  explicit Quadratic(const Around& d) {
    value = d(0, 0, 0);
    gx = 0.5f * (d(1, 0, 0) - d(-1, 0, 0));
    gy = 0.5f * (d(0, 1, 0) - d(0, -1, 0));
    gs = 0.5f * (d(0, 0, 1) - d(0, 0, -1));
    xx = d(1, 0, 0) + d(-1, 0, 0) - 2 * value;
    yy = d(0, 1, 0) + d(0, -1, 0) - 2 * value;
    ss = d(0, 0, 1) + d(0, 0, -1) - 2 * value;
    xy = 0.25f * (d(1, 1, 0) - d(-1, 1, 0) - d(1, -1, 0) + d(-1, -1, 0));
    xs = 0.25f * (d(1, 0, 1) - d(-1, 0, 1) - d(1, 0, -1) + d(-1, 0, -1));
    ys = 0.25f * (d(0, 1, 1) - d(0, -1, 1) - d(0, 1, -1) + d(0, -1, -1));
  }
  // Its extremum by Cramer's rule, as offsets of the sample. Returns false if it has none.
  bool extremum(float (&offset)[3]) const {
    const float a = yy * ss - ys * ys, b = xy * ss - ys * xs, c = xy * ys - yy * xs;
    const float determinant = xx * a - xy * b + xs * c;
    if (!(std::fabs(determinant) >= 1e-9f)) return false;
    const float d = xx * ss - xs * xs, e = xx * ys - xy * xs, f = xx * yy - xy * xy;
    offset[0] = -(gx * a - gy * b + gs * c) / determinant;
    offset[1] = -(gy * d - gx * b - gs * e) / determinant;
    offset[2] = -(gx * c - gy * e + gs * f) / determinant;
    return true;
  }
  // Whether the curvature across is more than kEdge times that along: such a place may move along its edge.
  bool is_edge() const {
    const float trace = xx + yy, determinant = xx * yy - xy * xy;
    return !(determinant > 0) || trace * trace * kEdge >= (kEdge + 1) * (kEdge + 1) * determinant;
  }
};

int32_t nearest(float x) { return static_cast<int32_t>(x < 0 ? x - 0.5f : x + 0.5f); }

// Moves to the sample that the extremum is nearest to. Returns false when it does not come to rest.
bool refine(const Octave& octave, Candidate3& c, Extremum& out) {
  const int32_t width = static_cast<int32_t>(octave.level[0].width), border = static_cast<int32_t>(kBorder);
  const int32_t height = static_cast<int32_t>(octave.level[0].height);
  for (int step = 0; step < kSteps; ++step) {
    const Quadratic q(Around(octave, c.x, c.y, c.level));
    float offset[3];
    if (!q.extremum(offset)) return false;
    const float farthest = std::max({std::fabs(offset[0]), std::fabs(offset[1]), std::fabs(offset[2])});
    if (farthest < 0.5f) {
      const float value = q.value + 0.5f * (q.gx * offset[0] + q.gy * offset[1] + q.gs * offset[2]);
      out.contrast = std::fabs(value);
      if (out.contrast * 3 < kContrast || q.is_edge()) return false;
      out.x = static_cast<float>(c.x) + offset[0];
      out.y = static_cast<float>(c.y) + offset[1];
      out.sigma = static_cast<float>(kLeastSigma * power_of_two((static_cast<double>(c.level) + offset[2]) / 3));
      out.level = static_cast<uint8_t>(c.level);
      return true;
    }
    if (!(farthest <= 5)) return false;
    const int32_t x = c.x + nearest(offset[0]), y = c.y + nearest(offset[1]);
    const int32_t level = static_cast<int32_t>(c.level) + nearest(offset[2]);
    if (level < 1 || level > 3 || x < border || y < border || x >= width - border || y >= height - border) return false;
    c = {static_cast<uint16_t>(x), static_cast<uint16_t>(y), static_cast<uint32_t>(level)};
  }
  return false;
}

}  // namespace

bool refine_extrema(const Octave& octave, uint32_t number, GrowingList<Candidate3>& candidates,
                    GrowingList<Extremum>& out) {
  // Several candidates may come to the same sample. The survivors are moved to the front.
  size_t kept = 0;
  GrowingList<Extremum> refined;
  for (size_t i = 0; i < candidates.size(); ++i) {
    Candidate3 c = candidates[i];
    Extremum e = {};
    if (!refine(octave, c, e)) continue;
    e.octave = static_cast<uint8_t>(number);
    candidates[kept++] = c;
    if (!refined.add(e)) return false;
  }
  GrowingList<uint32_t> order;
  for (uint32_t i = 0; i < kept; ++i)
    if (!order.add(i)) return false;
  const auto place = [&](uint32_t i) {
    return uint64_t{candidates[i].y} << 32 | uint64_t{candidates[i].x} << 8 | candidates[i].level;
  };
  if (kept > 0) std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
  for (size_t i = 0; i < kept; ++i)
    if ((i == 0 || place(order[i]) != place(order[i - 1])) && !out.add(refined[order[i]])) return false;
  return true;
}

}  // namespace empreinte
