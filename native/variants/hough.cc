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

// Angles an edge votes for, 8° to each side: what lies along a line turns its gradients.
constexpr uint32_t kSpread = 11;

// Places from the sketch's middle, and the angle of the gradient, 0 … π.
struct Edges {
  Array<float> x, y, angle;
  size_t n = 0;
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

// The angle of a gradient, 0 … π, whichever way it points, to 10⁻⁶: by a polynomial, as it is asked for thousands of
// times. Its coefficients are those of least error for atan(t)/t in t², 0 ≤ t ≤ 1.
float direction(int dx, int dy) {
  constexpr float kTerms[] = {0.99999934f,  -0.33329859f, 0.19946566f,  -0.13908629f,
                              0.096421957f, -0.0559123f,  0.021862939f, -0.0040545617f};
  if (dy < 0 || (dy == 0 && dx < 0)) dx = -dx, dy = -dy;
  const float across = static_cast<float>(std::abs(dx)), down = static_cast<float>(dy);
  const float t = std::min(across, down) / std::max(std::max(across, down), 1.f), square = t * t;
  float sum = 0;
  for (int i = 7; i >= 0; --i) sum = sum * square + kTerms[i];
  float angle = sum * t;
  if (down > across) angle = kPi / 2 - angle;
  return dx < 0 ? kPi - angle : angle;
}

// Pixels in whose gradient's direction no neighbour is steeper, of the steepest in each tile.
emp_status find_edges(const Sketch& s, Point middle, Edges& edges) {
  const uint32_t w = s.width, h = s.height;
  const size_t most_edges = size_t{w} * h / kShare + 1;
  Array<uint8_t> steep(s.plane());
  edges.x = Array<float>(most_edges), edges.y = Array<float>(most_edges), edges.angle = Array<float>(most_edges);
  if (!steep || !edges.x || !edges.y || !edges.angle) return EMP_OUT_OF_MEMORY;
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
    edges.x[edges.n] = static_cast<float>(x) - middle.x, edges.y[edges.n] = static_cast<float>(y) - middle.y;
    edges.angle[edges.n++] = direction(dx, dy);
  };
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
size_t gather(const Edges& edges, float reach, const HoughLine& line, Point* out) {
  constexpr size_t kAtOnce = 16;
  const float angle = std::atan2(line.normal.y, line.normal.x), own = angle < 0 ? angle + kPi : angle;
  const float *x = edges.x.data(), *y = edges.y.data();
  const Point normal = line.normal;
  const float offset = line.offset;
  size_t count = 0;
  const auto is_near = [&](size_t i) { return std::abs(normal.x * x[i] + normal.y * y[i] - offset) <= reach; };
  for (size_t from = 0; from < edges.n; from += kAtOnce) {
    const size_t end = std::min(from + kAtOnce, edges.n);
    // Most have none that is near: a loop of a fixed length, which compilers turn into vector code.
    int any = 0;
    if (end == from + kAtOnce)
      for (size_t i = 0; i < kAtOnce; ++i) any |= is_near(from + i) ? 1 : 0;
    else
      any = 1;
    for (size_t i = from; any != 0 && i < end; ++i)
      if (is_near(i) && turn_between(edges.angle[i], own) < 0.3f) out[count++] = {x[i], y[i]};
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

// How many edges vote for each angle and offset: of a place the whole part of how far along the normal it lies, from
// `half` and one before the middle on.
class Votes {
 public:
  Votes(float half) : half_(half), offsets_(2 * static_cast<uint32_t>(half) + 4) {
    for (uint32_t a = 0; a < kAngles; ++a) {
      const float angle = kPi * static_cast<float>(a) / kAngles;
      cosine[a] = std::cos(angle), sine[a] = std::sin(angle);
    }
    for (uint32_t j = 0; j < kAround; ++j) {
      const uint32_t a = (j + kAngles - kSpread / 2) % kAngles;
      around_cosine_[j] = cosine[a], around_sine_[j] = sine[a], around_row_[j] = static_cast<int32_t>(a * offsets_);
    }
  }
  bool allocate() {
    votes_ = Array<uint16_t>(size_t{kAngles} * offsets_);
    if (votes_) votes_.zero();
    return static_cast<bool>(votes_);
  }
  uint32_t offsets() const { return offsets_; }
  uint16_t& at(uint32_t angle, uint32_t offset) { return votes_[size_t{angle} * offsets_ + offset]; }

  void count(const Edges& edges) {
    for (size_t i = 0; i < edges.n; ++i) {
      const float x = edges.x[i], y = edges.y[i];
      const uint32_t from = static_cast<uint32_t>(edges.angle[i] * kAngles / kPi + 0.5f);
      // One more than is needed, to whole vectors.
      int32_t place[kSpread + 1];
      for (uint32_t k = 0; k < kSpread + 1; ++k)
        place[k] = around_row_[from + k] +
                   static_cast<int32_t>(around_cosine_[from + k] * x + around_sine_[from + k] * y + half_ + 1);
      for (uint32_t k = 0; k < kSpread; ++k) ++votes_[static_cast<size_t>(place[k])];
    }
  }
  // The first of the offsets of an angle that have the most.
  uint32_t best(uint32_t angle) const {
    const uint16_t* row = votes_.data() + size_t{angle} * offsets_;
    uint16_t most = 0;
    for (uint32_t i = 0; i < offsets_; ++i) most = std::max(most, row[i]);
    return static_cast<uint32_t>(std::find(row, row + offsets_, most) - row);
  }

  float cosine[kAngles], sine[kAngles];

 private:
  static constexpr uint32_t kAround = kAngles + kSpread + 1;
  const float half_;
  const uint32_t offsets_;
  Array<uint16_t> votes_;
  // By angle from kSpread / 2 before the first on, round and round.
  float around_cosine_[kAround], around_sine_[kAround];
  int32_t around_row_[kAround];
};

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
  Edges edges;
  if (const emp_status status = find_edges(sketch, {middle_x, middle_y}, edges); status != EMP_OK) return status;
  Votes votes(half);
  Array<Point> points(edges.n + 1);
  if (!votes.allocate() || !points) return EMP_OUT_OF_MEMORY;
  votes.count(edges);
  const uint32_t offsets = votes.offsets();
  const uint16_t least = static_cast<uint16_t>(std::max(10u, std::min(w, h) / 8));
  // The best offset of each angle, so that only the angles around a line that was taken are looked through again.
  uint32_t best[kAngles];
  for (uint32_t a = 0; a < kAngles; ++a) best[a] = votes.best(a);
  for (; out.n < kHoughLines; ++out.n) {
    uint32_t a = 0;
    for (uint32_t k = 1; k < kAngles; ++k)
      if (votes.at(k, best[k]) > votes.at(a, best[a])) a = k;
    const uint32_t o = best[a];
    if (votes.at(a, o) < least) break;
    HoughLine& line = out.line[out.n];
    line.normal = {votes.cosine[a], votes.sine[a]};
    line.offset = static_cast<float>(o) + 0.5f - half - 1;
    const size_t near = gather(edges, 4, line, points.data());
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
          votes.at(static_cast<uint32_t>(turned), static_cast<uint32_t>(offset)) = 0;
      }
      best[turned] = votes.best(static_cast<uint32_t>(turned));
    }
    // In pixels of the sketch, of which pixel i covers i … i+1.
    line.offset += line.normal.x * out.width / 2 + line.normal.y * out.height / 2;
  }
  return EMP_OK;
}

}  // namespace empreinte
