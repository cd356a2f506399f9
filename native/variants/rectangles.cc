// Rectangles between long straight edges: a picture inside a picture, on a blurred copy of itself, within a border of
// any pattern. Lines are looked for among the rows and columns of the sketch, then put together by fours; the
// picture's own sides may be some of the four.
#include <algorithm>

#include "detect.h"
#include "refine.h"

namespace empreinte {
namespace {

constexpr uint8_t kStep = 11;           // levels over two pixels that make an edge
constexpr uint32_t kGroup = 8;          // edge pixels are counted in groups of this many along a line
constexpr uint32_t kMaxGroups = 128;    // 1,024 pixels, the longest side of a sketch that was not halved
constexpr size_t kLines = 14;           // kept in each direction
constexpr float kChance = 0.45f;        // of a line's pixels: what an edge must have more of than texture has
constexpr float kLeastSide = 0.12f;     // of the picture's side
constexpr float kLeastSupport = 0.42f;  // of each of the four, where it is not the picture's own
constexpr float kBezel = 0.13f;         // of the picture's side: lines so near one another belong together
constexpr uint32_t kApart = 3;          // pixels: nearer ones are the same line found twice
constexpr size_t kFound = 6, kPool = 48;

// A row or column with a stretch of edge pixels; `sum[i]` of them lie in its first i groups.
struct Line {
  float score = 0;
  uint32_t at = 0;   // the edge lies between pixel at−1 and pixel at+1
  bool own = false;  // the picture's own side
  uint16_t sum[kMaxGroups + 1] = {};
};

struct Lines {
  Line line[kLines + 2];
  size_t n = 0;
};

// Counts of edge pixels: of horizontal edges by row and group of columns, of vertical ones by column and group of rows.
struct Counts {
  Array<uint8_t> rows, columns;
  uint32_t row_groups = 0, column_groups = 0;
};

uint8_t apart(uint8_t a, uint8_t b) { return static_cast<uint8_t>(std::max(a, b) - std::min(a, b)); }

// The steps from a row to another, in the plane where each is greater; the other plane is `hue` further.
void steps(const uint8_t* a, const uint8_t* b, size_t hue, uint8_t* out, uint32_t stride) {
  for (uint32_t x = 0; x < stride; x += kBlock)
    for (uint32_t k = 0; k < kBlock; ++k) {
      const uint32_t i = x + k;
      out[i] = std::max(apart(a[i], b[i]), apart(a[i + hue], b[i + hue]));
    }
}

// 1 where `here` is an edge: a step, no smaller than before and after it, and than the one across.
void mark(const uint8_t* before, const uint8_t* here, const uint8_t* after, const uint8_t* across, uint8_t* out,
          uint32_t stride) {
  for (uint32_t x = 0; x < stride; x += kBlock)
    for (uint32_t k = 0; k < kBlock; ++k) {
      const uint8_t other = std::max(std::max(before[x + k], after[x + k]), std::max(across[x + k], kStep));
      out[x + k] = std::max(here[x + k], other) == here[x + k] ? 1 : 0;
    }
}

emp_status count_edges(const Sketch& s, Counts& out) {
  const uint32_t w = s.width, h = s.height, stride = s.stride;
  out.row_groups = w / kGroup;
  out.column_groups = h / kGroup;
  out.rows = Array<uint8_t>(size_t{h} * out.row_groups);
  out.columns = Array<uint8_t>(size_t{stride} * (out.column_groups + 1));
  // Four rows of steps down the picture, in turn; the steps along it; marks of two rows, and both together.
  const size_t room_row = size_t{stride} + kBlock;
  Array<uint8_t> room(8 * room_row + kBlock);
  if (!out.rows || !out.columns || !room) return EMP_OUT_OF_MEMORY;
  out.rows.zero();
  out.columns.zero();
  room.zero();
  uint8_t* base = room.data() + kBlock;
  const auto down = [&](uint32_t y) { return base + room_row * (y % 4); };
  uint8_t* const along = base + room_row * 4;
  uint8_t *marked = along + room_row, *last = marked + room_row, *const both = last + room_row;
  for (uint32_t y = 1; y + 1 < h; ++y) {
    if (y == 1) steps(s.row(2), s.row(0), s.plane(), down(1), stride);
    if (y + 2 < h)
      steps(s.row(y + 2), s.row(y), s.plane(), down(y + 1), stride);
    else
      std::memset(down(y + 1), 0, stride);
    const uint8_t* p = s.row(y);
    steps(p + 2, p, s.plane(), along + 1, stride);
    along[0] = 0;
    std::memset(along + w - 1, 0, stride - w + 1);
    mark(down(y - 1), down(y), down(y + 1), along, marked, stride);
    for (uint32_t x = 0; x < stride; x += kBlock)
      for (uint32_t k = 0; k < kBlock; ++k) both[x + k] = marked[x + k] | last[x + k];
    std::swap(marked, last);
    uint8_t* to = out.rows.data() + size_t{y} * out.row_groups;
    for (uint32_t g = 0; g < out.row_groups; ++g) {
      uint64_t eight;
      std::memcpy(&eight, both + size_t{g} * kGroup, 8);
      to[g] = static_cast<uint8_t>(eight * 0x0101010101010101u >> 56);
    }
    // The same for edges of the other direction, found in this row: before and after are its neighbours in the row.
    mark(along - 1, along, along + 1, down(y), both, stride);
    uint8_t* columns = out.columns.data() + size_t{stride} * (y / kGroup);
    for (uint32_t x = 0; x < stride; x += kBlock)
      for (uint32_t k = 0; k < kBlock; ++k) columns[x + k] = static_cast<uint8_t>(columns[x + k] + both[x + k]);
  }
  return EMP_OK;
}

// The stretch of a line in which edge pixels exceed chance the most, as its score in pixels.
float best_stretch(const uint16_t* counts, uint32_t groups) {
  float best = 0, sum = 0;
  for (uint32_t g = 0; g < groups; ++g) {
    sum = std::max(0.f, sum + static_cast<float>(counts[g]) - kChance * kGroup);
    best = std::max(best, sum);
  }
  return best;
}

// Keeps the best kLines of a direction, none beside a better one, and adds the picture's own sides.
template <class CountsOf>
emp_status keep_lines(uint32_t places, uint32_t groups, const CountsOf& counts_of, Lines& out) {
  Array<float> scores(places);
  if (!scores) return EMP_OUT_OF_MEMORY;
  uint16_t counts[kMaxGroups];
  const float least = 0.5f * (1 - kChance) * kLeastSide * static_cast<float>(groups * kGroup);
  for (uint32_t i = 0; i < places; ++i) {
    scores[i] = 0;
    if (i < 3 || i + 3 >= places) continue;
    counts_of(i, counts);
    scores[i] = best_stretch(counts, groups);
  }
  for (out.n = 0; out.n < kLines; ++out.n) {
    const uint32_t best =
        static_cast<uint32_t>(std::max_element(scores.data(), scores.data() + places) - scores.data());
    if (scores[best] < least) break;
    Line& line = out.line[out.n];
    line.score = scores[best];
    line.at = best;
    counts_of(best, counts);
    for (uint32_t g = 0; g < groups; ++g) line.sum[g + 1] = static_cast<uint16_t>(line.sum[g] + counts[g]);
    for (uint32_t i = best - 2; i <= best + 2; ++i) scores[i] = 0;
  }
  for (const uint32_t at : {0u, places}) out.line[out.n].at = at, out.line[out.n++].own = true;
  std::sort(out.line, out.line + out.n, [](const Line& a, const Line& b) { return a.at < b.at; });
  return EMP_OK;
}

// Four lines: top, right, bottom, left, as refine() has them; of `rows` the first and third.
struct Candidate {
  float score = 0;
  uint8_t side[4] = {};
};

// What a side adds: its length as a share of the picture's side, where most of it is edge. False when too little is.
bool add_side(const Line& line, uint32_t from, uint32_t to, float whole, float& score) {
  if (line.own) return true;
  // Corners may be rounded, and groups lie across them: the ones at the ends do not count.
  uint32_t first = from / kGroup + 1, last = to / kGroup;
  if (last <= first) return false;
  const float length = static_cast<float>((last - first) * kGroup);
  const float support = static_cast<float>(line.sum[last] - line.sum[first]) / length;
  if (support < kLeastSupport) return false;
  score += (support - kLeastSupport + 0.05f) * length / whole;
  return true;
}

struct Search {
  Lines rows, columns;
  uint32_t w, h;
  Candidate pool[kPool];
  size_t n = 0;

  const Line& line(size_t side, size_t i) const { return side % 2 == 0 ? rows.line[i] : columns.line[i]; }
  const Line& line(const Candidate& c, size_t side) const { return line(side, c.side[side]); }

  Candidate candidate(size_t top, size_t right, size_t bottom, size_t left) const {
    Candidate c;
    const size_t sides[4] = {top, right, bottom, left};
    bool whole = true;
    for (size_t i = 0; i < 4; ++i) {
      c.side[i] = static_cast<uint8_t>(sides[i]);
      whole &= line(c, i).own;
    }
    const Line &t = line(c, 0), &r = line(c, 1), &b = line(c, 2), &l = line(c, 3);
    const float fw = static_cast<float>(w), fh = static_cast<float>(h);
    if (whole || b.at < t.at + kLeastSide * fh || r.at < l.at + kLeastSide * fw) return c;
    float score = 0;
    if (add_side(t, l.at, r.at, fw, score) && add_side(b, l.at, r.at, fw, score) &&
        add_side(l, t.at, b.at, fh, score) && add_side(r, t.at, b.at, fh, score))
      c.score = score;
    return c;
  }

  // Within a hundredth on each side: what refine() makes equal.
  bool same(const Candidate& a, const Candidate& b) const {
    for (size_t i = 0; i < 4; ++i) {
      const uint32_t p = line(a, i).at, q = line(b, i).at;
      if ((p > q ? p - q : q - p) > (i % 2 == 0 ? h : w) / 128 + 1) return false;
    }
    return true;
  }

  void combine() {
    for (size_t i = 0; i < rows.n; ++i)
      for (size_t j = i + 1; j < rows.n; ++j)
        for (size_t k = 0; k < columns.n; ++k)
          for (size_t l = k + 1; l < columns.n; ++l) {
            const Candidate c = candidate(i, l, j, k);
            size_t at = n;
            while (at > 0 && pool[at - 1].score < c.score) --at;
            if (c.score <= 0 || at == kPool) continue;
            const auto like = [&](const Candidate& other) { return same(other, c); };
            if (std::any_of(pool, pool + at, like)) continue;
            n = static_cast<size_t>(std::remove_if(pool + at, pool + n, like) - pool);
            n = std::min(n + 1, kPool);
            for (size_t m = n - 1; m > at; --m) pool[m] = pool[m - 1];
            pool[at] = c;
          }
  }

  // Each side moved outwards to the last line that is near and long enough, or inwards to the next.
  Candidate nested(const Candidate& from, bool inwards) const {
    size_t side[4];
    for (size_t i = 0; i < 4; ++i) {
      const bool is_row = i % 2 == 0;
      const Lines& all = is_row ? rows : columns;
      const Line& own = line(from, i);
      const uint32_t most = static_cast<uint32_t>(kBezel * static_cast<float>(is_row ? h : w));
      const uint32_t a = line(from, (i + 1) % 4).at, b = line(from, (i + 3) % 4).at;
      uint32_t best = inwards ? most + 1 : 0;
      side[i] = from.side[i];
      for (size_t k = 0; k < all.n; ++k) {
        const Line& other = all.line[k];
        // Towards the middle is down for the top, to the left for the right side, and so on.
        const bool further = other.at > own.at, inner = (i == 0 || i == 3) == further;
        const uint32_t apart = further ? other.at - own.at : own.at - other.at;
        float score = 0;
        if (inner != inwards || other.own || apart < kApart || apart > most) continue;
        if (inwards ? apart >= best : apart <= best) continue;
        if (!add_side(other, std::min(a, b), std::max(a, b), 1, score)) continue;
        best = apart;
        side[i] = k;
      }
    }
    return candidate(side[0], side[1], side[2], side[3]);
  }

  // The best one, what lies inside the outermost near it (frames lie in frames, and their lines mix), then the next.
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

}  // namespace

emp_status find_rectangles(const Picture& picture, const Sketch& sketch, Views& out) {
  if (sketch.too_small()) return EMP_OK;
  const uint32_t w = sketch.width, h = sketch.height;
  Counts counts;
  if (const emp_status status = count_edges(sketch, counts); status != EMP_OK) return status;
  Search search;
  search.w = w, search.h = h;
  const auto of_row = [&](uint32_t y, uint16_t* to) {
    const uint8_t* from = counts.rows.data() + size_t{y} * counts.row_groups;
    std::copy_n(from, counts.row_groups, to);
  };
  // An edge that lies between two columns is marked in either: both count, to at most a whole group.
  const auto of_column = [&](uint32_t x, uint16_t* to) {
    const uint8_t* from = counts.columns.data() + x;
    for (uint32_t g = 0; g < counts.column_groups; ++g, from += sketch.stride)
      to[g] = std::min<uint16_t>(kGroup, static_cast<uint16_t>(from[0] + from[-1]));
  };
  emp_status status = keep_lines(h, counts.row_groups, of_row, search.rows);
  if (status == EMP_OK) status = keep_lines(w, counts.column_groups, of_column, search.columns);
  if (status != EMP_OK) return status;
  search.combine();
  Candidate found[kFound];
  const size_t n = search.choose(found);
  const float s = static_cast<float>(sketch.scale);
  const float pw = static_cast<float>(picture.width), ph = static_cast<float>(picture.height);
  for (size_t i = 0; i < n; ++i) {
    const auto side = [&](size_t k) { return static_cast<float>(search.line(found[i], k).at) * s; };
    const Line &r = search.line(found[i], 1), &b = search.line(found[i], 2);
    const float left = side(3), top = side(0), right = r.own ? pw : side(1), bottom = b.own ? ph : side(2);
    uint32_t sides = 0;
    for (size_t k = 0; k < 4; ++k) sides |= search.line(found[i], k).own ? 0 : 1u << k;
    const Quad quad = {{{left, top}, {right, top}, {right, bottom}, {left, bottom}}};
    const Quad fine = refine(picture, quad, static_cast<int>(sketch.scale) * 2, false, sides);
    out.add(box(fine.corner[0].x / pw, fine.corner[0].y / ph, fine.corner[2].x / pw, fine.corner[2].y / ph,
                ViewKind::rectangle));
  }
  return EMP_OK;
}

}  // namespace empreinte
