#include "hough.h"

#include <algorithm>
#include <cmath>

namespace empreinte {
namespace {

constexpr float kPi = 3.14159265f;
constexpr uint32_t kAngles = 120;  // of half a turn: 1.5° each
constexpr uint32_t kTile = 32;  // the steepest pixels of each tile count, so that texture elsewhere hides no faint edge
constexpr uint32_t kShare = 3;  // one in so many
constexpr uint32_t kFaintest = 12;  // levels over two pixels, both directions together

struct Edge {
  int16_t x, y;
  float angle;  // of the gradient, 0 … π
};

uint16_t steepness(const uint8_t* p, ptrdiff_t stride) {
  return static_cast<uint16_t>(std::abs(p[1] - p[-1]) + std::abs(p[stride] - p[-stride]));
}
// In the plane where it is greater.
uint16_t steepness(const uint8_t* p, ptrdiff_t stride, size_t plane) {
  return std::max(steepness(p, stride), steepness(p + plane, stride));
}

// Pixels in whose gradient's direction no neighbour is steeper, of the steepest in each tile.
emp_status find_edges(const Sketch& s, Array<Edge>& edges, size_t& n) {
  const uint32_t w = s.width, h = s.height;
  Array<uint16_t> steep(size_t{w} * h);
  if (!steep) return EMP_OUT_OF_MEMORY;
  steep.zero();
  for (uint32_t y = 1; y + 1 < h; ++y) {
    uint16_t* to = steep.data() + size_t{w} * y;
    for (uint32_t x = 1; x + 1 < w; ++x) to[x] = steepness(s.row(y) + x, s.stride, s.plane());
  }
  const auto is_top = [&](uint32_t x, uint32_t y, int dx, int dy) {
    const uint16_t* p = steep.data() + size_t{w} * y + x;
    // Across a perfect step two pixels are equally steep: the first of them counts.
    const bool along = std::abs(dx) >= std::abs(dy);
    return along ? p[0] > p[-1] && p[0] >= p[1] : p[0] > p[-ptrdiff_t{w}] && p[0] >= p[w];
  };
  const auto look_at = [&](uint32_t x, uint32_t y) {
    const uint8_t* p = s.row(y) + x;
    if (steepness(p, s.stride) < steepness(p + s.plane(), s.stride)) p += s.plane();
    // Sobel's weights: plain differences follow the stairs of a slanted line, not the line.
    const uint8_t *a = p - s.stride, *b = p + s.stride;
    const int dx = a[1] + 2 * p[1] + b[1] - a[-1] - 2 * p[-1] - b[-1];
    const int dy = b[-1] + 2 * b[0] + b[1] - a[-1] - 2 * a[0] - a[1];
    if (!is_top(x, y, dx, dy)) return;
    float angle = std::atan2(static_cast<float>(dy), static_cast<float>(dx));
    if (angle < 0) angle += kPi;
    if (angle >= kPi) angle -= kPi;
    edges[n++] = {static_cast<int16_t>(x), static_cast<int16_t>(y), angle};
  };
  n = 0;
  for (uint32_t top = 1; top + 1 < h; top += kTile)
    for (uint32_t left = 1; left + 1 < w; left += kTile) {
      const uint32_t bottom = std::min(top + kTile, h - 1), right = std::min(left + kTile, w - 1);
      uint32_t counts[128] = {};
      for (uint32_t y = top; y < bottom; ++y)
        for (uint32_t x = left; x < right; ++x) ++counts[steep[size_t{w} * y + x] / 4];
      const uint32_t most = (bottom - top) * (right - left) / kShare;
      uint32_t least = 127, more = 0;
      while (least >= kFaintest / 4 && more + counts[least] <= most) more += counts[least--];
      least = 4 * (least + 1);
      for (uint32_t y = top; y < bottom; ++y)
        for (uint32_t x = left; x < right; ++x)
          if (steep[size_t{w} * y + x] >= least) look_at(x, y);
    }
  return EMP_OK;
}

float turn_between(float a, float b) {
  const float d = std::abs(a - b);
  return std::min(d, kPi - d);
}

// Moves the line to the least squares of the edges within `reach` of it, and marks where they lie.
void fit(const Edge* edges, size_t n, float reach, float middle_x, float middle_y, float step, HoughLine& line,
         bool marks) {
  const float angle = std::atan2(line.normal.y, line.normal.x);
  const float own = angle < 0 ? angle + kPi : angle;
  float w = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
  uint8_t marked[kMarks] = {};
  for (size_t i = 0; i < n; ++i) {
    const float x = static_cast<float>(edges[i].x) - middle_x, y = static_cast<float>(edges[i].y) - middle_y;
    if (std::abs(line.normal.x * x + line.normal.y * y - line.offset) > reach) continue;
    if (turn_between(edges[i].angle, own) > 0.3f) continue;
    w += 1, sx += x, sy += y, sxx += x * x, sxy += x * y, syy += y * y;
    const int at = static_cast<int>((line.normal.x * y - line.normal.y * x) / step) + static_cast<int>(kMarks) / 2;
    if (at >= 0 && at < static_cast<int>(kMarks)) marked[at] = 1;
  }
  if (marks) {
    line.sum[0] = 0;
    for (uint32_t i = 0; i < kMarks; ++i) line.sum[i + 1] = static_cast<uint16_t>(line.sum[i] + marked[i]);
    return;
  }
  if (w < 8) return;
  const float mx = sx / w, my = sy / w, xx = sxx / w - mx * mx, yy = syy / w - my * my, xy = sxy / w - mx * my;
  // The direction of least spread.
  const float least = 0.5f * std::atan2(2 * xy, xx - yy) + kPi / 2;
  Point normal = {std::cos(least), std::sin(least)};
  if (normal.x * line.normal.x + normal.y * line.normal.y < 0) normal = {-normal.x, -normal.y};
  line.normal = normal;
  line.offset = normal.x * mx + normal.y * my;
}

}  // namespace

float HoughLines::support(const HoughLine& l, Point from, Point to) const {
  const auto mark = [&](Point p) {
    const float t = (l.normal.x * (p.y - height / 2) - l.normal.y * (p.x - width / 2)) / step;
    return static_cast<int>(std::clamp(t + kMarks / 2.f, 0.f, static_cast<float>(kMarks)));
  };
  int a = mark(from), b = mark(to);
  if (a > b) std::swap(a, b);
  return b - a < 4 ? 0 : static_cast<float>(l.sum[b] - l.sum[a]) / static_cast<float>(b - a);
}

emp_status find_lines(const Sketch& sketch, HoughLines& out) {
  const uint32_t w = sketch.width, h = sketch.height;
  out.width = static_cast<float>(w);
  out.height = static_cast<float>(h);
  const float middle_x = out.width / 2 - 0.5f, middle_y = out.height / 2 - 0.5f,
              half = std::hypot(middle_x, middle_y) + 2;
  out.step = 2 * half / kMarks;
  out.n = 0;
  Array<Edge> edges(size_t{w} * h / kShare + 1);
  const uint32_t offsets = 2 * static_cast<uint32_t>(half) + 4;
  Array<uint16_t> votes(size_t{kAngles} * offsets);
  if (!edges || !votes) return EMP_OUT_OF_MEMORY;
  size_t n = 0;
  if (const emp_status status = find_edges(sketch, edges, n); status != EMP_OK) return status;
  votes.zero();
  float cosine[kAngles], sine[kAngles];
  for (uint32_t a = 0; a < kAngles; ++a) {
    const float angle = kPi * static_cast<float>(a) / kAngles;
    cosine[a] = std::cos(angle), sine[a] = std::sin(angle);
  }
  // Eleven angles an edge, 8° to each side: what lies along a line turns its gradients.
  for (size_t i = 0; i < n; ++i) {
    const float x = static_cast<float>(edges[i].x) - middle_x, y = static_cast<float>(edges[i].y) - middle_y;
    const uint32_t at = static_cast<uint32_t>(edges[i].angle * kAngles / kPi + 0.5f) + kAngles;
    for (uint32_t a = at - 5; a <= at + 5; ++a) {
      const uint32_t k = a % kAngles;
      ++votes[size_t{k} * offsets + static_cast<size_t>(cosine[k] * x + sine[k] * y + half + 1)];
    }
  }
  const uint16_t least = static_cast<uint16_t>(std::max(10u, std::min(w, h) / 8));
  const auto at = [&](uint32_t a, uint32_t o) -> uint16_t& { return votes[size_t{a} * offsets + o]; };
  for (; out.n < kHoughLines; ++out.n) {
    const uint16_t* top = std::max_element(votes.data(), votes.data() + votes.size());
    if (*top < least) break;
    const size_t index = static_cast<size_t>(top - votes.data());
    const uint32_t a = static_cast<uint32_t>(index / offsets), o = static_cast<uint32_t>(index % offsets);
    HoughLine& line = out.line[out.n];
    line.normal = {cosine[a], sine[a]};
    line.offset = static_cast<float>(o) + 0.5f - half - 1;
    fit(edges.data(), n, 2.0f, middle_x, middle_y, out.step, line, false);
    fit(edges.data(), n, 1.2f, middle_x, middle_y, out.step, line, false);
    fit(edges.data(), n, 1.2f, middle_x, middle_y, out.step, line, true);
    // What voted for this line votes for its neighbours too; beyond half a turn offsets change their sign.
    for (int da = -6; da <= 6; ++da)
      for (int d = -4; d <= 4; ++d) {
        const int angle = static_cast<int>(a) + da,
                  turned = (angle + static_cast<int>(kAngles)) % static_cast<int>(kAngles);
        const int same = static_cast<int>(o), other = 2 * static_cast<int>(half + 1) - same;
        const int offset = (angle == turned ? same : other) + d;
        if (offset >= 0 && offset < static_cast<int>(offsets))
          at(static_cast<uint32_t>(turned), static_cast<uint32_t>(offset)) = 0;
      }
    // In pixels of the sketch, of which pixel i covers i … i+1.
    line.offset += line.normal.x * out.width / 2 + line.normal.y * out.height / 2;
  }
  return EMP_OK;
}

}  // namespace empreinte
