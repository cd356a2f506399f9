// Quadrilaterals of any angle: an image rotated on a canvas, or the screen in a photo of one. Four lines, each with
// edges along most of the visible length of its side.
#include <algorithm>
#include <bit>
#include <cmath>

#include "detect.h"
#include "hough.h"
#include "tilt.h"

namespace empreinte {
namespace {

constexpr size_t kFound = 4;
constexpr size_t kPool = 24;            // the best ones, of which kFound are chosen
constexpr float kOpposite = 0.44f;      // radians (25°) by which opposite sides of a slanted image may differ
constexpr float kAdjacent = 0.87f;      // radians (50°) by which adjacent sides differ at least
constexpr float kLeastApart = 0.15f;    // of the image's smaller side, between opposite sides
constexpr float kOutside = 0.3f;        // of the image's side: how far out a corner may be
constexpr float kBezel = 0.13f;         // of the image's smaller side: lines so near one another belong together
constexpr float kApart = 3;             // pixels: nearer ones are the same line found twice
constexpr float kLeastSeen = 0.3f;      // of each side
constexpr float kLeastSupport = 0.38f;  // of what is seen of a side

struct Pair {
  size_t a, b;
};

struct Candidate {
  float score = 0;
  uint32_t lines = 0;  // bit i: line i is a side
  size_t side[4] = {};
  Quad quad;
};

float turn(const HoughLine& a, const HoughLine& b) {
  return std::acos(std::min(1.f, std::abs(a.normal.x * b.normal.x + a.normal.y * b.normal.y)));
}

bool cross(const HoughLine& a, const HoughLine& b, PlanePoint& out) {
  const float d = a.normal.x * b.normal.y - a.normal.y * b.normal.x;
  if (std::abs(d) < 0.05f) return false;
  out = {(a.offset * b.normal.y - b.offset * a.normal.y) / d, (a.normal.x * b.offset - b.normal.x * a.offset) / d};
  return true;
}

// Clips a side to the image (Liang and Barsky). Returns false when nothing of it is inside.
bool clip(PlanePoint& from, PlanePoint& to, float w, float h) {
  float first = 0, last = 1;
  const float dx = to.x - from.x, dy = to.y - from.y;
  const float p[4] = {-dx, dx, -dy, dy}, q[4] = {from.x, w - from.x, from.y, h - from.y};
  for (int i = 0; i < 4; ++i) {
    if (std::abs(p[i]) < 1e-6f) {
      if (q[i] < 0) return false;
    } else if (p[i] < 0) {
      first = std::max(first, q[i] / p[i]);
    } else {
      last = std::min(last, q[i] / p[i]);
    }
  }
  if (first >= last) return false;
  to = {from.x + dx * last, from.y + dy * last};
  from = {from.x + dx * first, from.y + dy * first};
  return true;
}

// Orders corners clockwise, from the one that is the image's top left when it is rotated the least.
bool arrange(Quad& quad) {
  float area = 0;
  for (int i = 0; i < 4; ++i) {
    const PlanePoint p = quad.corner[i], q = quad.corner[(i + 1) % 4];
    area += p.x * q.y - q.x * p.y;
  }
  if (area < 0) std::swap(quad.corner[1], quad.corner[3]);
  for (int i = 0; i < 4; ++i) {
    const PlanePoint p = quad.corner[i], q = quad.corner[(i + 1) % 4], r = quad.corner[(i + 2) % 4];
    if ((q.x - p.x) * (r.y - q.y) - (q.y - p.y) * (r.x - q.x) <= 0) return false;
  }
  int best = 0;
  float most = -1e30f;
  for (int i = 0; i < 4; ++i) {
    const PlanePoint *c = quad.corner, a = c[i], b = c[(i + 1) % 4], d = c[(i + 2) % 4], e = c[(i + 3) % 4];
    const float upper = std::atan2(b.y - a.y, b.x - a.x), lower = std::atan2(d.y - e.y, d.x - e.x);
    const float upright = std::cos(upper) + std::cos(lower);
    if (upright > most) most = upright, best = i;
  }
  std::rotate(quad.corner, quad.corner + best, quad.corner + 4);
  return true;
}

// Scores four lines; 0 when they make no quadrilateral.
float judge(const HoughLines& lines, const size_t sides[4], Quad& quad) {
  const HoughLine* side[4];
  for (int i = 0; i < 4; ++i) side[i] = lines.line + sides[i];
  const float w = lines.width, h = lines.height;
  for (int i = 0; i < 4; ++i) {
    PlanePoint& p = quad.corner[i];
    if (!cross(*side[(i + 3) % 4], *side[i], p)) return 0;
    if (p.x < -kOutside * w || p.x > (1 + kOutside) * w || p.y < -kOutside * h || p.y > (1 + kOutside) * h) return 0;
  }
  float score = 0;
  for (int i = 0; i < 4; ++i) {
    PlanePoint from = quad.corner[i], to = quad.corner[(i + 1) % 4];
    const float whole = length_of(to.x - from.x, to.y - from.y);
    if (whole < kLeastApart * std::min(w, h) || !clip(from, to, w, h)) return 0;
    // The ends, where corners may be rounded, do not count.
    const float dx = 0.02f * (to.x - from.x), dy = 0.02f * (to.y - from.y);
    from = {from.x + dx, from.y + dy}, to = {to.x - dx, to.y - dy};
    const float seen = length_of(to.x - from.x, to.y - from.y);
    const float support = lines.support(*side[i], from, to);
    if (seen < kLeastSeen * whole || support < kLeastSupport) return 0;
    score += seen * (support - kLeastSupport + 0.05f);
  }
  return arrange(quad) ? score : 0;
}

Candidate candidate(const HoughLines& lines, const size_t side[4]) {
  Candidate c;
  c.score = judge(lines, side, c.quad);
  for (int i = 0; i < 4; ++i) c.side[i] = side[i], c.lines |= 1u << side[i];
  return c;
}

// Moves each side outwards to the last line that is near and runs along it, or inwards to the next.
Candidate nested(const HoughLines& lines, const Candidate& from, bool inwards) {
  PlanePoint middle = {0, 0};
  PlanePoint corner[4];
  for (int i = 0; i < 4; ++i) {
    if (!cross(lines.line[from.side[(i + 3) % 4]], lines.line[from.side[i]], corner[i])) return {};
    middle = {middle.x + corner[i].x / 4, middle.y + corner[i].y / 4};
  }
  const float least = std::min(lines.width, lines.height);
  size_t side[4];
  for (int i = 0; i < 4; ++i) {
    const PlanePoint a = corner[i], b = corner[(i + 1) % 4], half = {(a.x + b.x) / 2, (a.y + b.y) / 2};
    float best = inwards ? kBezel * least : kApart;
    side[i] = from.side[i];
    for (size_t k = 0; k < lines.n; ++k) {
      const HoughLine& line = lines.line[k];
      if (turn(line, lines.line[from.side[i]]) > 0.12f) continue;
      const float to_side = line.normal.x * half.x + line.normal.y * half.y - line.offset;
      const float to_middle = line.normal.x * middle.x + line.normal.y * middle.y - line.offset;
      const float depth = (to_side > 0) == (to_middle > 0) ? -std::abs(to_side) : std::abs(to_side);
      PlanePoint p, q;
      if (inwards ? depth < kApart || depth > best : -depth < best || -depth > kBezel * least) continue;
      if (!cross(line, lines.line[from.side[(i + 3) % 4]], p) || !cross(line, lines.line[from.side[(i + 1) % 4]], q) ||
          !clip(p, q, lines.width, lines.height) || lines.support(line, p, q) < kLeastSupport)
        continue;
      best = std::abs(depth);
      side[i] = k;
    }
  }
  return candidate(lines, side);
}

// Chooses the best quadrilateral, the outermost one near it and the one inside that, because a screen is inside a bezel
// and the lines of both mix. Then it chooses one that shares as few lines as possible with them.
size_t choose(const HoughLines& lines, const Candidate* pool, size_t n, Candidate* found) {
  if (n == 0) return 0;
  size_t count = 0;
  uint32_t used = 0;
  const auto take = [&](const Candidate& c) {
    if (c.score <= 0 || count == kFound) return;
    for (size_t i = 0; i < count; ++i)
      if (found[i].lines == c.lines) return;
    found[count++] = c;
    used |= c.lines;
  };
  take(pool[0]);
  const Candidate outer = nested(lines, pool[0], false);
  take(nested(lines, outer.score > 0 ? outer : pool[0], true));
  take(outer);
  const Candidate* best = nullptr;
  float most = 0;
  for (size_t i = 0; i < n; ++i) {
    const int fresh = std::popcount(pool[i].lines & ~used);
    const float score = pool[i].score * static_cast<float>(fresh * fresh);
    if (score > most) most = score, best = pool + i;
  }
  if (best != nullptr) take(*best);
  return count;
}

void add(const WorkingCopy& copy, const Quad& quad, int reach, Views& out) {
  const Quad fine = refine(copy, quad, reach, true, 15);
  View view = {};
  view.kind = ViewKind::quadrilateral;
  for (int k = 0; k < 4; ++k) {
    view.x[k] = fine.corner[k].x / static_cast<float>(copy.width);
    view.y[k] = fine.corner[k].y / static_cast<float>(copy.height);
  }
  out.add(view);
}

}  // namespace

emp_status find_quadrilaterals(const WorkingCopy& copy, const HalfResolution& half, Views& out) {
  if (half.too_small()) return EMP_OK;
  Quad tilt;
  if (find_tilt(copy, tilt)) add(copy, tilt, 2, out);
  HalfResolution quarter;
  const bool large = half.width > 300 || half.height > 300;
  if (large)
    if (const emp_status status = halve(half, quarter); status != EMP_OK) return status;
  const HalfResolution& s = large ? quarter : half;
  if (s.too_small()) return EMP_OK;
  HoughLines lines;
  if (const emp_status status = find_lines(s, lines); status != EMP_OK) return status;
  const float least = std::min(lines.width, lines.height), scale = static_cast<float>(s.scale);
  Pair pairs[kHoughLines * (kHoughLines - 1) / 2];
  size_t n_pairs = 0;
  const PlanePoint middle = {lines.width / 2, lines.height / 2};
  for (size_t a = 0; a < lines.n; ++a)
    for (size_t b = a + 1; b < lines.n; ++b) {
      const HoughLine &p = lines.line[a], &q = lines.line[b];
      if (turn(p, q) > kOpposite) continue;
      const float from = p.normal.x * middle.x + p.normal.y * middle.y - p.offset;
      float to = q.normal.x * middle.x + q.normal.y * middle.y - q.offset;
      if (p.normal.x * q.normal.x + p.normal.y * q.normal.y < 0) to = -to;
      if (std::abs(from - to) > kLeastApart * least) pairs[n_pairs++] = {a, b};
    }
  Candidate pool[kPool];
  size_t n = 0;
  for (size_t i = 0; i < n_pairs; ++i)
    for (size_t j = i + 1; j < n_pairs; ++j) {
      const size_t side[4] = {pairs[i].a, pairs[j].a, pairs[i].b, pairs[j].b};
      const auto angle = [&](size_t p, size_t q) { return turn(lines.line[side[p]], lines.line[side[q]]); };
      if (angle(0, 1) < kAdjacent || angle(2, 3) < kAdjacent) continue;
      const Candidate c = candidate(lines, side);
      size_t at = n;
      while (at > 0 && pool[at - 1].score < c.score) --at;
      if (c.score <= 0 || at == kPool) continue;
      n = std::min(n + 1, kPool);
      for (size_t m = n - 1; m > at; --m) pool[m] = pool[m - 1];
      pool[at] = c;
    }
  Candidate found[kFound];
  const size_t n_found = choose(lines, pool, n, found);
  for (size_t i = 0; i < n_found; ++i) {
    Quad quad = found[i].quad;
    for (PlanePoint& p : quad.corner) p = {p.x * scale, p.y * scale};
    add(copy, quad, static_cast<int>(s.scale) * 3 / 2, out);
  }
  return EMP_OK;
}

}  // namespace empreinte
