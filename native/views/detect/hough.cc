#include "hough.h"

#include <algorithm>
#include <cmath>

#include "edges.h"

namespace empreinte {
namespace {

constexpr uint32_t kAngles = 120;  // of 1.5° each, over half a turn

// An edge votes for angles up to 8° to each side, because neighbouring content turns the gradients along a line.
constexpr uint32_t kSpread = 11;

float turn_between(float a, float b) {
  const float d = std::abs(a - b);
  return std::min(d, kPi - d);
}

// Finds the edges that a line may be fitted to: within `reach` of it, and with gradients near its normal.
size_t gather(const Edges& edges, float reach, const HoughLine& line, PlanePoint* out) {
  constexpr size_t kAtOnce = 16;
  const float angle = std::atan2(line.normal.y, line.normal.x), own = angle < 0 ? angle + kPi : angle;
  const float *x = edges.x.data(), *y = edges.y.data();
  const PlanePoint normal = line.normal;
  const float offset = line.offset;
  size_t count = 0;
  const auto is_near = [&](size_t i) { return std::abs(normal.x * x[i] + normal.y * y[i] - offset) <= reach; };
  for (size_t from = 0; from < edges.n; from += kAtOnce) {
    const size_t end = std::min(from + kAtOnce, edges.n);
    // Most blocks have no near edge. The loop has a fixed length, so compilers make vector code of it.
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

float distance(const HoughLine& line, PlanePoint p) {
  return std::abs(line.normal.x * p.x + line.normal.y * p.y - line.offset);
}

// Moves the line to the least squares of the points within `reach` of it.
void fit(const PlanePoint* points, size_t n, float reach, HoughLine& line) {
  float w = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
  for (size_t i = 0; i < n; ++i) {
    const PlanePoint p = points[i];
    if (distance(line, p) > reach) continue;
    w += 1, sx += p.x, sy += p.y, sxx += p.x * p.x, sxy += p.x * p.y, syy += p.y * p.y;
  }
  if (w < 8) return;
  const float mx = sx / w, my = sy / w, xx = sxx / w - mx * mx, yy = syy / w - my * my, xy = sxy / w - mx * my;
  // The direction of least spread.
  const float least = 0.5f * std::atan2(2 * xy, xx - yy) + kPi / 2;
  PlanePoint normal = {std::cos(least), std::sin(least)};
  if (normal.x * line.normal.x + normal.y * line.normal.y < 0) normal = {-normal.x, -normal.y};
  line.normal = normal;
  line.offset = normal.x * mx + normal.y * my;
}

void mark(const PlanePoint* points, size_t n, float reach, float step, HoughLine& line) {
  uint8_t marked[kMarks] = {};
  for (size_t i = 0; i < n; ++i) {
    const PlanePoint p = points[i];
    if (distance(line, p) > reach) continue;
    const int at = static_cast<int>((line.normal.x * p.y - line.normal.y * p.x) / step + kMarks / 2.f);
    if (at >= 0 && at < static_cast<int>(kMarks)) marked[at] = 1;
  }
  line.sum[0] = 0;
  for (uint32_t i = 0; i < kMarks; ++i) line.sum[i + 1] = static_cast<uint16_t>(line.sum[i] + marked[i]);
}

// Counts how many edges vote for each angle and offset. The offset is the whole number of pixels along the normal,
// counted from `half` and one before the middle.
class Votes {
 public:
  explicit Votes(float half) : half_(half), offsets_(2 * static_cast<uint32_t>(half) + 4) {
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
  // Finds the offset of an angle with the most votes, the first among equals.
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
  // Angles wrap around, from kSpread / 2 before the first on.
  float around_cosine_[kAround], around_sine_[kAround];
  int32_t around_row_[kAround];
};

}  // namespace

float HoughLines::support(const HoughLine& l, PlanePoint from, PlanePoint to) const {
  const auto mark = [&](PlanePoint p) {
    const float t = (l.normal.x * (p.y - height / 2) - l.normal.y * (p.x - width / 2)) / step;
    return static_cast<int>(std::clamp(t + kMarks / 2.f, 0.f, static_cast<float>(kMarks)));
  };
  int a = mark(from), b = mark(to);
  if (a > b) std::swap(a, b);
  return b - a < 4 ? 0 : static_cast<float>(l.sum[b] - l.sum[a]) / static_cast<float>(b - a);
}

emp_status find_lines(const HalfResolution& half, HoughLines& out) {
  const uint32_t w = half.width, h = half.height;
  out.width = static_cast<float>(w);
  out.height = static_cast<float>(h);
  const float middle_x = out.width / 2 - 0.5f, middle_y = out.height / 2 - 0.5f,
              half_diagonal = length_of(middle_x, middle_y) + 2;
  out.step = 2 * half_diagonal / kMarks;
  out.n = 0;
  Edges edges;
  if (const emp_status status = find_edges(half, {middle_x, middle_y}, edges); status != EMP_OK) return status;
  Votes votes(half_diagonal);
  Array<PlanePoint> points(edges.n + 1);
  if (!votes.allocate() || !points) return EMP_OUT_OF_MEMORY;
  votes.count(edges);
  const uint32_t offsets = votes.offsets();
  const uint16_t least = static_cast<uint16_t>(std::max(10u, std::min(w, h) / 8));
  // Keeps the best offset of each angle, so that only the angles around a chosen line are searched again.
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
    line.offset = static_cast<float>(o) + 0.5f - half_diagonal - 1;
    const size_t near = gather(edges, 4, line, points.data());
    fit(points.data(), near, 2.0f, line);
    fit(points.data(), near, 1.2f, line);
    mark(points.data(), near, 1.2f, out.step, line);
    // Edges that voted for this line also voted for its neighbours. Beyond half a turn offsets change their sign.
    for (int da = -6; da <= 6; ++da) {
      const int turns = static_cast<int>(kAngles), angle = static_cast<int>(a) + da,
                orientation = (angle + turns) % turns;
      const int same = static_cast<int>(o), other = 2 * static_cast<int>(half_diagonal + 1) - same;
      for (int d = -4; d <= 4; ++d) {
        const int offset = (angle == orientation ? same : other) + d;
        if (offset >= 0 && offset < static_cast<int>(offsets))
          votes.at(static_cast<uint32_t>(orientation), static_cast<uint32_t>(offset)) = 0;
      }
      best[orientation] = votes.best(static_cast<uint32_t>(orientation));
    }
    // In pixels of the half resolution, of which pixel i covers i … i+1.
    line.offset += line.normal.x * out.width / 2 + line.normal.y * out.height / 2;
  }
  return EMP_OK;
}

}  // namespace empreinte
