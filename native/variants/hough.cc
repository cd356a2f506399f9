#include "hough.h"

#include <algorithm>
#include <cmath>

namespace empreinte {
namespace {

constexpr float kPi = 3.14159265f;
constexpr uint32_t kAngles = 120;  // of half a turn: 1.5° each
constexpr uint32_t kTile = 32;  // the steepest pixels of each tile count, so that texture elsewhere hides no faint edge
constexpr uint32_t kShare = 3;  // one in so many
constexpr uint32_t kFaintest = 6;  // levels over two pixels, the mean of both directions

struct Edge {
  int16_t x, y;
  float angle;  // of the gradient, 0 … π
};

using In = const uint8_t* __restrict;

uint8_t apart(uint8_t a, uint8_t b) { return static_cast<uint8_t>(std::max(a, b) - std::min(a, b)); }

// The mean of the steps along and down, of a block: a loop of fixed length, which compilers turn into vector code.
void steepness_of_block(In left, In right, In above, In below, uint8_t* __restrict out) {
  for (uint32_t k = 0; k < kBlock; ++k) {
    const uint8_t along = apart(right[k], left[k]), down = apart(below[k], above[k]);
    out[k] = static_cast<uint8_t>((along + down) >> 1);
  }
}

// In the plane where it is greater. `out` has as many rows and the same stride as the sketch.
void find_steepness(const Sketch& s, uint8_t* out) {
  std::memset(out, 0, size_t{s.stride} * s.height);
  uint8_t hue[kBlock];
  for (uint32_t y = 1; y + 1 < s.height; ++y) {
    uint8_t* row = out + size_t{s.stride} * y;
    for (uint32_t x = 0; x < s.stride; x += kBlock) {
      const uint8_t* p = s.row(y) + x;
      steepness_of_block(p - 1, p + 1, p - s.stride, p + s.stride, row + x);
      p += s.plane();
      steepness_of_block(p - 1, p + 1, p - s.stride, p + s.stride, hue);
      for (uint32_t k = 0; k < kBlock; ++k) row[x + k] = std::max(row[x + k], hue[k]);
    }
    row[0] = row[s.width - 1] = 0;
    std::memset(row + s.width, 0, s.stride - s.width);
  }
}

bool is_steeper(const uint8_t* a, const uint8_t* b, ptrdiff_t stride) {
  const auto steep = [&](const uint8_t* p) { return std::abs(p[1] - p[-1]) + std::abs(p[stride] - p[-stride]); };
  return steep(a) > steep(b);
}

// Pixels in whose gradient's direction no neighbour is steeper, of the steepest in each tile.
emp_status find_edges(const Sketch& s, Array<Edge>& edges, size_t& n) {
  const uint32_t w = s.width, h = s.height;
  Array<uint8_t> steep(s.plane());
  if (!steep) return EMP_OUT_OF_MEMORY;
  find_steepness(s, steep.data());
  const auto is_top = [&](uint32_t x, uint32_t y, int dx, int dy) {
    const uint8_t* p = steep.data() + size_t{s.stride} * y + x;
    // Across a perfect step two pixels are equally steep: the first of them counts.
    const bool along = std::abs(dx) >= std::abs(dy);
    return along ? p[0] > p[-1] && p[0] >= p[1] : p[0] > p[-ptrdiff_t{s.stride}] && p[0] >= p[s.stride];
  };
  const auto look_at = [&](uint32_t x, uint32_t y) {
    const uint8_t* p = s.row(y) + x;
    if (is_steeper(p + s.plane(), p, s.stride)) p += s.plane();
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
        for (uint32_t x = left; x < right; ++x) ++counts[steep[size_t{s.stride} * y + x] / 2];
      const uint32_t most = (bottom - top) * (right - left) / kShare;
      uint32_t least = 127, more = 0;
      while (least >= kFaintest / 2 && more + counts[least] <= most) more += counts[least--];
      least = 2 * (least + 1);
      for (uint32_t y = top; y < bottom; ++y)
        for (uint32_t x = left; x < right; ++x)
          if (steep[size_t{s.stride} * y + x] >= least) look_at(x, y);
    }
  return EMP_OK;
}

float turn_between(float a, float b) {
  const float d = std::abs(a - b);
  return std::min(d, kPi - d);
}

// The edges that a line may be fitted to: within `reach` of it, their gradients near its normal.
size_t gather(const Edge* edges, size_t n, float reach, Point middle, const HoughLine& line, Point* out) {
  const float angle = std::atan2(line.normal.y, line.normal.x), own = angle < 0 ? angle + kPi : angle;
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) {
    const Point p = {static_cast<float>(edges[i].x) - middle.x, static_cast<float>(edges[i].y) - middle.y};
    if (std::abs(line.normal.x * p.x + line.normal.y * p.y - line.offset) > reach) continue;
    if (turn_between(edges[i].angle, own) < 0.3f) out[count++] = p;
  }
  return count;
}

float distance(const HoughLine& line, Point p) {
  return std::abs(line.normal.x * p.x + line.normal.y * p.y - line.offset);
}

// Moves the line to the least squares of the points within `reach` of it.
void fit(const Point* points, size_t n, float reach, HoughLine& line) {
  float w = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
  for (size_t i = 0; i < n; ++i) {
    const Point p = points[i];
    if (distance(line, p) > reach) continue;
    w += 1, sx += p.x, sy += p.y, sxx += p.x * p.x, sxy += p.x * p.y, syy += p.y * p.y;
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

void mark(const Point* points, size_t n, float reach, float step, HoughLine& line) {
  uint8_t marked[kMarks] = {};
  for (size_t i = 0; i < n; ++i) {
    const Point p = points[i];
    if (distance(line, p) > reach) continue;
    const int at = static_cast<int>((line.normal.x * p.y - line.normal.y * p.x) / step + kMarks / 2.f);
    if (at >= 0 && at < static_cast<int>(kMarks)) marked[at] = 1;
  }
  line.sum[0] = 0;
  for (uint32_t i = 0; i < kMarks; ++i) line.sum[i + 1] = static_cast<uint16_t>(line.sum[i] + marked[i]);
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
              half = length_of(middle_x, middle_y) + 2;
  out.step = 2 * half / kMarks;
  out.n = 0;
  Array<Edge> edges(size_t{w} * h / kShare + 1);
  const uint32_t offsets = 2 * static_cast<uint32_t>(half) + 4;
  Array<uint16_t> votes(size_t{kAngles} * offsets);
  Array<Point> points(edges.size());
  if (!edges || !votes || !points) return EMP_OUT_OF_MEMORY;
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
  // The best offset of each angle, so that only the angles around a line that was taken are looked through again.
  uint32_t best[kAngles];
  const auto renew = [&](uint32_t a) {
    best[a] = static_cast<uint32_t>(std::max_element(&at(a, 0), &at(a, 0) + offsets) - &at(a, 0));
  };
  for (uint32_t a = 0; a < kAngles; ++a) renew(a);
  for (; out.n < kHoughLines; ++out.n) {
    uint32_t a = 0;
    for (uint32_t k = 1; k < kAngles; ++k)
      if (at(k, best[k]) > at(a, best[a])) a = k;
    const uint32_t o = best[a];
    if (at(a, o) < least) break;
    HoughLine& line = out.line[out.n];
    line.normal = {cosine[a], sine[a]};
    line.offset = static_cast<float>(o) + 0.5f - half - 1;
    const size_t near = gather(edges.data(), n, 4, {middle_x, middle_y}, line, points.data());
    fit(points.data(), near, 2.0f, line);
    fit(points.data(), near, 1.2f, line);
    mark(points.data(), near, 1.2f, out.step, line);
    // What voted for this line votes for its neighbours too; beyond half a turn offsets change their sign.
    for (int da = -6; da <= 6; ++da) {
      const int turns = static_cast<int>(kAngles), angle = static_cast<int>(a) + da, turned = (angle + turns) % turns;
      const int same = static_cast<int>(o), other = 2 * static_cast<int>(half + 1) - same;
      for (int d = -4; d <= 4; ++d) {
        const int offset = (angle == turned ? same : other) + d;
        if (offset >= 0 && offset < static_cast<int>(offsets))
          at(static_cast<uint32_t>(turned), static_cast<uint32_t>(offset)) = 0;
      }
      renew(static_cast<uint32_t>(turned));
    }
    // In pixels of the sketch, of which pixel i covers i … i+1.
    line.offset += line.normal.x * out.width / 2 + line.normal.y * out.height / 2;
  }
  return EMP_OK;
}

}  // namespace empreinte
