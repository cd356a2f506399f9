// Rectangles between long straight edges: an image inside an image, on a blurred copy of itself, or within a border of
// any pattern. Lines come from the rows and columns of the half resolution and are combined by fours. The sides of the
// image itself may be some of the four.
#include <algorithm>

#include "detect.h"
#include "refine.h"
#include "straight_lines.h"
#include "trims.h"

namespace empreinte {
namespace {

constexpr float kLeastSide = 0.12f;                // of the image's side
constexpr float kLeastSupport = 0.42f;             // of each of the four sides that is not the image's own
constexpr float kBezel = 0.13f;                    // of the image's side: lines so near one another belong together
constexpr uint32_t kApart = 3;                     // pixels: nearer ones are the same line found twice
constexpr size_t kFramed = 2;                      // rectangles, the first ones, that may have a thin frame inside
constexpr float kThin = 0.08f, kMixture = 0.015f;  // of a side: such a frame, and the blurred pixels along its outside
constexpr size_t kFound = 6, kPool = 48;

// Four lines, in refine()'s order: top, right, bottom, left. The first and third are among `rows`.
struct Candidate {
  float score = 0;
  uint8_t side[4] = {};
};

// Returns what a side adds: its length as a share of the image's side. It is negative when too little of it is edge.
float side_score(const StraightLine& line, uint32_t from, uint32_t to, uint32_t whole) {
  if (line.own) return 0;
  // Corners may be rounded and groups may cross them, so the groups at the ends do not count.
  const uint32_t first = from / kGroup + 1, last = to / kGroup;
  if (last <= first) return -1;
  const float length = static_cast<float>((last - first) * kGroup);
  const float support = static_cast<float>(line.sum[last] - line.sum[first]) / length;
  return support < kLeastSupport ? -1 : (support - kLeastSupport + 0.05f) * length / static_cast<float>(whole);
}

struct Search {
  Lines rows, columns;
  uint32_t w, h;
  Candidate pool[kPool];
  size_t n = 0;

  const StraightLine& line(size_t side, size_t i) const { return side % 2 == 0 ? rows.line[i] : columns.line[i]; }
  const StraightLine& line(const Candidate& c, size_t side) const { return line(side, c.side[side]); }

  bool wide(const StraightLine& left, const StraightLine& right) const {
    return static_cast<float>(right.at) >= static_cast<float>(left.at) + kLeastSide * static_cast<float>(w);
  }
  bool high(const StraightLine& top, const StraightLine& bottom) const {
    return static_cast<float>(bottom.at) >= static_cast<float>(top.at) + kLeastSide * static_cast<float>(h);
  }

  Candidate candidate(size_t top, size_t right, size_t bottom, size_t left) const {
    Candidate c;
    const size_t sides[4] = {top, right, bottom, left};
    bool whole = true;
    for (size_t i = 0; i < 4; ++i) {
      c.side[i] = static_cast<uint8_t>(sides[i]);
      whole &= line(c, i).own;
    }
    const StraightLine &t = line(c, 0), &r = line(c, 1), &b = line(c, 2), &l = line(c, 3);
    if (whole || !wide(l, r) || !high(t, b)) return c;
    const float scores[4] = {side_score(t, l.at, r.at, w), side_score(r, t.at, b.at, h), side_score(b, l.at, r.at, w),
                             side_score(l, t.at, b.at, h)};
    if (*std::min_element(scores, scores + 4) >= 0) c.score = scores[0] + scores[1] + scores[2] + scores[3];
    return c;
  }

  // Rectangles within a hundredth on each side become equal by refine().
  bool same(const Candidate& a, const Candidate& b) const {
    for (size_t i = 0; i < 4; ++i) {
      const uint32_t p = line(a, i).at, q = line(b, i).at;
      if ((p > q ? p - q : q - p) > (i % 2 == 0 ? h : w) / 128 + 1) return false;
    }
    return true;
  }

  void keep(const Candidate& c) {
    size_t at = n;
    while (at > 0 && pool[at - 1].score < c.score) --at;
    const auto like = [&](const Candidate& other) { return same(other, c); };
    if (c.score <= 0 || at == kPool || std::any_of(pool, pool + at, like)) return;
    n = static_cast<size_t>(std::remove_if(pool + at, pool + n, like) - pool);
    n = std::min(n + 1, kPool);
    for (size_t m = n - 1; m > at; --m) pool[m] = pool[m - 1];
    pool[at] = c;
  }

  // Tries every four lines. It computes once what two columns add between two rows, and what two rows add between two
  // columns.
  void combine() {
    constexpr size_t kMost = kLines + 2;
    float sides[kMost][kMost][kMost];
    for (size_t i = 0; i < rows.n; ++i)
      for (size_t j = i + 1; j < rows.n; ++j)
        for (size_t k = 0; k < columns.n; ++k)
          sides[i][j][k] = side_score(columns.line[k], rows.line[i].at, rows.line[j].at, h);
    for (size_t k = 0; k < columns.n; ++k)
      for (size_t l = k + 1; l < columns.n; ++l) {
        if (!wide(columns.line[k], columns.line[l])) continue;
        float across[kMost];
        for (size_t i = 0; i < rows.n; ++i)
          across[i] = side_score(rows.line[i], columns.line[k].at, columns.line[l].at, w);
        for (size_t i = 0; i < rows.n; ++i)
          for (size_t j = i + 1; across[i] >= 0 && j < rows.n; ++j) {
            const float left = sides[i][j][k], right = sides[i][j][l];
            if (across[j] < 0 || left < 0 || right < 0 || !high(rows.line[i], rows.line[j])) continue;
            if (n == kPool && across[i] + across[j] + left + right <= pool[n - 1].score) continue;
            keep(candidate(i, l, j, k));
          }
      }
  }

  // Moves each side outwards to the last line that is near and long enough, or inwards to the next.
  Candidate nested(const Candidate& from, bool inwards) const {
    size_t side[4];
    for (size_t i = 0; i < 4; ++i) {
      const bool is_row = i % 2 == 0;
      const Lines& all = is_row ? rows : columns;
      const StraightLine& own = line(from, i);
      const uint32_t most = static_cast<uint32_t>(kBezel * static_cast<float>(is_row ? h : w));
      const uint32_t a = line(from, (i + 1) % 4).at, b = line(from, (i + 3) % 4).at;
      uint32_t best = inwards ? most + 1 : 0;
      side[i] = from.side[i];
      for (size_t k = 0; k < all.n; ++k) {
        const StraightLine& other = all.line[k];
        // Towards the middle is down for the top, to the left for the right side, and so on.
        const bool further = other.at > own.at, inner = (i == 0 || i == 3) == further;
        const uint32_t distance = further ? other.at - own.at : own.at - other.at;
        if (inner != inwards || other.own || distance < kApart || distance > most) continue;
        if (inwards ? distance >= best : distance <= best) continue;
        if (side_score(other, std::min(a, b), std::max(a, b), 1) < 0) continue;
        best = distance;
        side[i] = k;
      }
    }
    return candidate(side[0], side[1], side[2], side[3]);
  }

  // Chooses the best rectangle and the one inside the outermost near it, because frames are inside frames and their
  // lines mix. Then it chooses the next best.
  size_t choose(Candidate* found) const {
    size_t count = 0;
    const auto take = [&](const Candidate& c) {
      if (c.score <= 0 || count == kFound) return;
      for (size_t i = 0; i < count; ++i)
        if (same(found[i], c)) return;
      found[count++] = c;
    };
    if (n == 0) return 0;
    take(pool[0]);
    const Candidate outer = nested(pool[0], false);
    take(nested(outer.score > 0 ? outer : pool[0], true));
    take(outer);
    for (size_t i = 0; i < n; ++i) take(pool[i]);
    return count;
  }
};

// Removes a thin frame of one colour just inside the lines, whose own inner lines are too near to separate. Returns
// false when fewer than two sides have one.
bool without_frame(const WorkingCopy& copy, const HalfResolution& half, const Box& box, Frame& frame) {
  const Trimmed t = trim(half, box, {false, true, 15, kMixture});
  const Box& b = t.box;
  const uint32_t moved[4] = {b.left - box.left, b.top - box.top, box.right - b.right, box.bottom - b.bottom};
  size_t n = 0;
  for (size_t i = 0; i < 4; ++i) {
    if (static_cast<float>(moved[i]) > kThin * static_cast<float>(i % 2 == 0 ? box.width() : box.height()))
      return false;
    n += moved[i] > 0;
  }
  if (n < 2) return false;
  const Frame inner = measure(copy, half, t, box);
  if (moved[0] > 0) frame.left = inner.left;
  if (moved[1] > 0) frame.top = inner.top;
  if (moved[2] > 0) frame.right = inner.right;
  if (moved[3] > 0) frame.bottom = inner.bottom;
  return true;
}

}  // namespace

emp_status find_rectangles(const WorkingCopy& copy, const HalfResolution& half, Views& out) {
  if (half.too_small()) return EMP_OK;
  const uint32_t w = half.width, h = half.height;
  Search search;
  search.w = w, search.h = h;
  if (const emp_status status = find_straight_lines(half, search.rows, search.columns); status != EMP_OK) return status;
  search.combine();
  Candidate found[kFound];
  const size_t n = search.choose(found);
  const float s = static_cast<float>(half.scale);
  const float pw = static_cast<float>(copy.width), ph = static_cast<float>(copy.height);
  for (size_t i = 0; i < n; ++i) {
    const auto side = [&](size_t k) { return static_cast<float>(search.line(found[i], k).at) * s; };
    const StraightLine &r = search.line(found[i], 1), &b = search.line(found[i], 2);
    const float left = side(3), top = side(0), right = r.own ? pw : side(1), bottom = b.own ? ph : side(2);
    uint32_t sides = 0;
    for (size_t k = 0; k < 4; ++k) sides |= search.line(found[i], k).own ? 0 : 1u << k;
    const Quad quad = {{{left, top}, {right, top}, {right, bottom}, {left, bottom}}};
    const Quad fine = refine(copy, quad, static_cast<int>(half.scale) * 2, false, sides);
    const Frame frame = {fine.corner[0].x, fine.corner[0].y, fine.corner[2].x, fine.corner[2].y};
    const auto add = [&](const Frame& f) {
      out.add(box(f.left / pw, f.top / ph, f.right / pw, f.bottom / ph, ViewKind::rectangle));
    };
    add(frame);
    Frame inner = frame;
    const Box box = {search.line(found[i], 3).at, search.line(found[i], 0).at, search.line(found[i], 1).at,
                     search.line(found[i], 2).at};
    if (i < kFramed && without_frame(copy, half, box, inner)) add(inner);
  }
  return EMP_OK;
}

}  // namespace empreinte
