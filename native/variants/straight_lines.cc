// Edges along the rows and columns of a sketch that are long and straight, as the sides of pasted pictures are.
#include "straight_lines.h"

#include <algorithm>

namespace empreinte {
namespace {

constexpr uint8_t kStep = 11;           // levels over two pixels that make an edge
constexpr float kChance = 0.45f;        // of a line's pixels: what an edge must have more of than texture has
constexpr float kLeastStretch = 0.12f;  // of the picture's side

// Counts of edge pixels: of horizontal edges by row and group of columns, of vertical ones by column and group of rows.
struct Counts {
  Array<uint8_t> rows, columns;
  uint32_t row_groups = 0, column_groups = 0;
};

uint8_t apart(uint8_t a, uint8_t b) { return static_cast<uint8_t>(std::max(a, b) - std::min(a, b)); }

// What follows works on blocks of a fixed length, through pointers that say that they do not overlap: so compilers make
// vector code of it at any level.
using In = const uint8_t* __restrict;
using Out = uint8_t* __restrict;

void steps_of_block(In a, In b, In a_hue, In b_hue, Out out) {
  for (uint32_t k = 0; k < kBlock; ++k) {
    const uint8_t luma = apart(a[k], b[k]), hue = apart(a_hue[k], b_hue[k]);
    out[k] = std::max(luma, hue);
  }
}

// The steps from a row to another, in the plane where each is greater; the other plane is `hue` further.
void steps(const uint8_t* a, const uint8_t* b, size_t hue, uint8_t* out, uint32_t stride) {
  for (uint32_t x = 0; x < stride; x += kBlock) steps_of_block(a + x, b + x, a + x + hue, b + x + hue, out + x);
}

// 1 where `here` is an edge: a step, no smaller than before and after it, and than the one across.
void mark_block(In before, In here, In after, In across, Out out) {
  for (uint32_t k = 0; k < kBlock; ++k) {
    const uint8_t beside = std::max(before[k], after[k]), other = std::max(across[k], kStep);
    const uint8_t most = std::max(beside, other);
    out[k] = here[k] >= most ? 1 : 0;
  }
}

void mark(const uint8_t* before, const uint8_t* here, const uint8_t* after, const uint8_t* across, uint8_t* out,
          uint32_t stride) {
  for (uint32_t x = 0; x < stride; x += kBlock) mark_block(before + x, here + x, after + x, across + x, out + x);
}

void join_block(In a, In b, Out out) {
  for (uint32_t k = 0; k < kBlock; ++k) out[k] = a[k] | b[k];
}

void count_block(In marks, Out counts) {
  for (uint32_t k = 0; k < kBlock; ++k) counts[k] = static_cast<uint8_t>(counts[k] + marks[k]);
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
    for (uint32_t x = 0; x < stride; x += kBlock) join_block(marked + x, last + x, both + x);
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
    for (uint32_t x = 0; x < stride; x += kBlock) count_block(both + x, columns + x);
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
  const float least = 0.5f * (1 - kChance) * kLeastStretch * static_cast<float>(groups * kGroup);
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
    line.at = best;
    counts_of(best, counts);
    for (uint32_t g = 0; g < groups; ++g) line.sum[g + 1] = static_cast<uint16_t>(line.sum[g] + counts[g]);
    for (uint32_t i = best - 2; i <= best + 2; ++i) scores[i] = 0;
  }
  for (const uint32_t at : {0u, places}) out.line[out.n].at = at, out.line[out.n++].own = true;
  std::sort(out.line, out.line + out.n, [](const Line& a, const Line& b) { return a.at < b.at; });
  return EMP_OK;
}

}  // namespace

emp_status find_straight_lines(const Sketch& sketch, Lines& rows, Lines& columns) {
  Counts counts;
  if (const emp_status status = count_edges(sketch, counts); status != EMP_OK) return status;
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
  emp_status status = keep_lines(sketch.height, counts.row_groups, of_row, rows);
  if (status == EMP_OK) status = keep_lines(sketch.width, counts.column_groups, of_column, columns);
  return status;
}

}  // namespace empreinte
