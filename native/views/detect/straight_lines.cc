// Finds long straight edges along the rows and columns of the half resolution.
#include "straight_lines.h"

#include <algorithm>

#include "difference.h"

namespace empreinte {
namespace {

constexpr uint8_t kStep = 11;           // levels over two pixels that make an edge
constexpr float kChance = 0.45f;        // of a line's pixels: the share that texture may have by chance
constexpr float kLeastStretch = 0.12f;  // of the image's side

// Counts of edge pixels: of horizontal edges by group of columns and row, of vertical ones by group of rows and column.
struct Counts {
  uint32_t places = 0, groups = 0;
  size_t stride = 0;  // from a group to the next
  // An edge between two columns is marked in either of them. Both count, up to a whole group.
  bool either = false;
  Array<uint8_t> room;

  bool allocate(uint32_t of_places, uint32_t length) {
    places = of_places, groups = length / kGroup;
    stride = (size_t{places} + kBlock - 1) / kBlock * kBlock;
    // A block precedes the first place, because the place before each one is read too. The incomplete group follows the
    // last.
    room = Array<uint8_t>(kBlock + stride * (groups + size_t{1}));
    if (room) room.zero();
    return static_cast<bool>(room);
  }
  uint8_t* group(uint32_t g) { return room.data() + kBlock + stride * g; }
  const uint8_t* group(uint32_t g) const { return room.data() + kBlock + stride * g; }
};

// The following functions work on blocks of a fixed length, through pointers that do not overlap, so compilers make
// vector code of them at any level of optimization.
using In = const uint8_t* __restrict;
using Out = uint8_t* __restrict;

void steps_of_block(In a, In b, In a_hue, In b_hue, Out out) {
  for (uint32_t k = 0; k < kBlock; ++k) {
    const uint8_t luma = absolute_difference(a[k], b[k]), hue = absolute_difference(a_hue[k], b_hue[k]);
    out[k] = std::max(luma, hue);
  }
}

// Writes the steps from one row to another, in the plane where each is greater. The other plane is `hue` further.
void steps(const uint8_t* a, const uint8_t* b, size_t hue, uint8_t* out, uint32_t stride) {
  for (uint32_t x = 0; x < stride; x += kBlock) steps_of_block(a + x, b + x, a + x + hue, b + x + hue, out + x);
}

// Marks where `here` is an edge: a step that is no smaller than those before, after and across it.
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

emp_status count_edges(const HalfResolution& s, Counts& rows, Counts& columns) {
  const uint32_t w = s.width, h = s.height, stride = s.stride;
  // Four rows of steps down the image, in turn; the steps along it; marks of two rows, and both together.
  const size_t room_row = size_t{stride} + kBlock;
  Array<uint8_t> room(8 * room_row + kBlock);
  if (!rows.allocate(h, w) || !columns.allocate(w, h) || !room) return EMP_OUT_OF_MEMORY;
  columns.either = true;
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
    uint8_t* to = rows.group(0) + y;
    for (uint32_t g = 0; g < rows.groups; ++g, to += rows.stride) {
      uint64_t eight;
      std::memcpy(&eight, both + size_t{g} * kGroup, 8);
      *to = static_cast<uint8_t>(eight * 0x0101010101010101u >> 56);
    }
    // Finds the edges of the other direction in the same way: before and after are the neighbours in this row.
    mark(along - 1, along, along + 1, down(y), both, stride);
    uint8_t* counts = columns.group(y / kGroup);
    for (uint32_t x = 0; x < stride; x += kBlock) count_block(both + x, counts + x);
  }
  return EMP_OK;
}

// Finds for each place of a block by how many pixels its best stretch exceeds chance: `sum` up to this group, `best` so
// far.
void add_group(In counts, In before, float* __restrict sum, float* __restrict best) {
  for (uint32_t k = 0; k < kBlock; ++k) {
    const uint8_t both = static_cast<uint8_t>(counts[k] + before[k]), n = std::min<uint8_t>(both, kGroup);
    const float more = sum[k] + static_cast<float>(n) - kChance * kGroup;
    sum[k] = more > 0.f ? more : 0.f;
    best[k] = sum[k] > best[k] ? sum[k] : best[k];
  }
}

// Scores all places, up to a whole block.
bool best_stretches(const Counts& counts, float* scores) {
  const uint8_t none[kBlock] = {};
  Array<float> sums(counts.stride);
  if (!sums) return false;
  sums.zero();
  std::fill_n(scores, counts.stride, 0.f);
  for (uint32_t g = 0; g < counts.groups; ++g)
    for (size_t x = 0; x < counts.stride; x += kBlock) {
      const uint8_t* group = counts.group(g) + x;
      add_group(group, counts.either ? group - 1 : none, sums.data() + x, scores + x);
    }
  return true;
}

// Keeps the best kLines of a direction, none next to a better one, and adds the image's own sides.
emp_status keep_lines(const Counts& counts, Lines& out) {
  const uint32_t places = counts.places, groups = counts.groups;
  Array<float> scores(counts.stride);
  if (!scores || !best_stretches(counts, scores.data())) return EMP_OUT_OF_MEMORY;
  const float least = 0.5f * (1 - kChance) * kLeastStretch * static_cast<float>(groups * kGroup);
  for (const uint32_t i : {0u, 1u, 2u, places - 3, places - 2, places - 1}) scores[i] = 0;
  for (out.n = 0; out.n < kLines; ++out.n) {
    const uint32_t best =
        static_cast<uint32_t>(std::max_element(scores.data(), scores.data() + places) - scores.data());
    if (scores[best] < least) break;
    StraightLine& line = out.line[out.n];
    line.at = best;
    for (uint32_t g = 0; g < groups; ++g) {
      const uint8_t* at = counts.group(g) + best;
      const uint32_t n = std::min<uint32_t>(kGroup, at[0] + (counts.either ? at[-1] : 0u));
      line.sum[g + 1] = static_cast<uint16_t>(line.sum[g] + n);
    }
    for (uint32_t i = best - 2; i <= best + 2; ++i) scores[i] = 0;
  }
  for (const uint32_t at : {0u, places}) out.line[out.n].at = at, out.line[out.n++].own = true;
  std::sort(out.line, out.line + out.n, [](const StraightLine& a, const StraightLine& b) { return a.at < b.at; });
  return EMP_OK;
}

}  // namespace

emp_status find_straight_lines(const HalfResolution& half, Lines& rows, Lines& columns) {
  Counts of_rows, of_columns;
  emp_status status = count_edges(half, of_rows, of_columns);
  if (status == EMP_OK) status = keep_lines(of_rows, rows);
  if (status == EMP_OK) status = keep_lines(of_columns, columns);
  return status;
}

}  // namespace empreinte
