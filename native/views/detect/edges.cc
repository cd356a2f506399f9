#include "edges.h"

#include <algorithm>
#include <bit>

#include "difference.h"

namespace empreinte {
namespace {

constexpr uint32_t kTile = 32;     // the steepest pixels of each tile count, so texture elsewhere hides no faint edge
constexpr uint32_t kShare = 3;     // one pixel in so many counts
constexpr uint32_t kFaintest = 6;  // levels over two pixels, the mean of both directions

// The loops below have a fixed length, so compilers make vector code of them.
using In = const uint8_t* __restrict;

// Writes the mean of the steps along and down for a block.
void steepness_of_block(In left, In right, In above, In below, uint8_t* __restrict out) {
  for (uint32_t k = 0; k < kBlock; ++k) {
    const uint8_t along = absolute_difference(right[k], left[k]), down = absolute_difference(below[k], above[k]);
    out[k] = static_cast<uint8_t>((along + down) >> 1);
  }
}

// Writes the steepness of all but the outermost pixels, in the plane where it is greater. kTile zeros follow each row
// of `out`.
void find_steepness(const HalfResolution& s, uint8_t* out) {
  const size_t stride = s.stride + size_t{kTile};
  std::memset(out, 0, stride * s.height);
  uint8_t hue[kBlock];
  for (uint32_t y = 1; y + 1 < s.height; ++y) {
    uint8_t* row = out + stride * y;
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

// Writes 255 where the second plane, `plane` further, is steeper than the first.
void choose_planes(In p, ptrdiff_t plane, ptrdiff_t stride, uint8_t* __restrict hue) {
  In left = p - 1, right = p + 1, above = p - stride, below = p + stride;
  for (ptrdiff_t k = 0; k < ptrdiff_t{kTile}; ++k) {
    const ptrdiff_t q = k + plane;
    const uint8_t along = absolute_difference(right[k], left[k]), down = absolute_difference(below[k], above[k]);
    const uint8_t hue_along = absolute_difference(right[q], left[q]),
                  hue_down = absolute_difference(below[q], above[q]);
    const uint16_t light = static_cast<uint16_t>(along + down), warm = static_cast<uint16_t>(hue_along + hue_down);
    hue[k] = warm > light ? 255 : 0;
  }
}

// Copies a row of a tile from the planes that were chosen for its pixels.
void take_row(In p, ptrdiff_t plane, In hue, uint8_t* __restrict out) {
  for (ptrdiff_t k = 0; k < ptrdiff_t{kTile}; ++k)
    out[k] = static_cast<uint8_t>((p[k] & static_cast<uint8_t>(~hue[k])) | (p[k + plane] & hue[k]));
}

// Sobel's weights. Plain differences would follow the stairs of a slanted line, not the line.
void find_gradients(const uint8_t (&n)[3][3][kTile], int16_t* __restrict dx, int16_t* __restrict dy) {
  for (uint32_t k = 0; k < kTile; ++k) {
    const int16_t top = static_cast<int16_t>(n[0][2][k] - n[0][0][k]),
                  middle = static_cast<int16_t>(n[1][2][k] - n[1][0][k]),
                  bottom = static_cast<int16_t>(n[2][2][k] - n[2][0][k]);
    const int16_t left = static_cast<int16_t>(n[2][0][k] - n[0][0][k]),
                  centre = static_cast<int16_t>(n[2][1][k] - n[0][1][k]),
                  right = static_cast<int16_t>(n[2][2][k] - n[0][2][k]);
    dx[k] = static_cast<int16_t>(top + 2 * middle + bottom);
    dy[k] = static_cast<int16_t>(left + 2 * centre + right);
  }
}

// Marks pixels that are at least so steep and have no steeper neighbour in the direction of their gradient. Across a
// perfect step two pixels are equally steep, and the first of them counts.
void mark_tops(In steep, ptrdiff_t stride, const int16_t* __restrict dx, const int16_t* __restrict dy, uint8_t least,
               uint8_t* __restrict out) {
  In left = steep - 1, right = steep + 1, above = steep - stride, below = steep + stride;
  uint8_t along[kTile];
  for (uint32_t k = 0; k < kTile; ++k) {
    const int16_t x = dx[k], y = dy[k];
    const int16_t across = static_cast<int16_t>(x < 0 ? -x : x), down = static_cast<int16_t>(y < 0 ? -y : y);
    along[k] = across >= down ? 255 : 0;
  }
  for (uint32_t k = 0; k < kTile; ++k) {
    const uint8_t here = along[k], other = static_cast<uint8_t>(~here);
    const uint8_t before = static_cast<uint8_t>((left[k] & here) | (above[k] & other));
    const uint8_t after = static_cast<uint8_t>((right[k] & here) | (below[k] & other));
    const uint8_t most = std::max(after, least);
    const uint8_t steeper = steep[k] > before ? 1 : 0, as_steep = steep[k] >= most ? 1 : 0;
    out[k] = steeper & as_steep;
  }
}

void count_from(In steep, uint8_t least, uint8_t* __restrict counts) {
  for (uint32_t k = 0; k < kTile; ++k) counts[k] = static_cast<uint8_t>(counts[k] + (steep[k] >= least ? 1 : 0));
}

// Returns the least even steepness, kFaintest or more, that at most `most` pixels of a tile have.
uint32_t least_steepness(const uint8_t* steep, size_t stride, uint32_t rows, uint32_t most) {
  uint32_t low = kFaintest / 2, high = 128;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    uint8_t counts[kTile] = {};
    for (uint32_t y = 0; y < rows; ++y) count_from(steep + stride * y, static_cast<uint8_t>(2 * middle), counts);
    uint32_t n = 0;
    for (const uint8_t count : counts) n += count;
    if (n <= most)
      high = middle;
    else
      low = middle + 1;
  }
  return 2 * low;
}

// Chooses by a bit mask, because compilers make a branch of a choice between two computed floats.
float choose(int32_t first, float a, float b) {
  return std::bit_cast<float>((std::bit_cast<int32_t>(a) & first) | (std::bit_cast<int32_t>(b) & ~first));
}

// Returns the angle of a gradient, 0 … π regardless of its sign, to 10⁻⁶. It uses a polynomial because it runs for
// thousands of pixels. The coefficients are those of least error for atan(t)/t in t², 0 ≤ t ≤ 1.
float direction(int32_t dx, int32_t dy) {
  constexpr float kTerms[] = {0.99999934f,  -0.33329859f, 0.19946566f,  -0.13908629f,
                              0.096421957f, -0.0559123f,  0.021862939f, -0.0040545617f};
  const int32_t across = dx < 0 ? -dx : dx, down = dy < 0 ? -dy : dy;
  const int32_t low = across < down ? across : down, high = across < down ? down : across;
  const float t = static_cast<float>(low) / static_cast<float>(high < 1 ? 1 : high), square = t * t;
  float sum = kTerms[7];
  for (int i = 6; i >= 0; --i) sum = sum * square + kTerms[i];
  const float angle = sum * t, own = choose((across - down) >> 31, kPi / 2 - angle, angle);
  const int32_t falls = (dx ^ dy) >> 31 & (low == 0 ? 0 : -1);
  return choose(falls, kPi - own, own);
}

void find_directions(const int16_t* __restrict dx, const int16_t* __restrict dy, size_t n, float* __restrict angle) {
  for (size_t i = 0; i < n; ++i) angle[i] = direction(dx[i], dy[i]);
}

}  // namespace

// The loops over kTile read slightly beyond the last tile of a row, where the steepness is 0.
emp_status find_edges(const HalfResolution& s, PlanePoint middle, Edges& edges) {
  const uint32_t w = s.width, h = s.height;
  const size_t most_edges = size_t{w} * h / kShare + 1, stride = s.stride + size_t{kTile};
  Array<uint8_t> all_steep(stride * h);
  Array<int16_t> across(most_edges), down(most_edges);
  edges.x = Array<float>(most_edges), edges.y = Array<float>(most_edges), edges.angle = Array<float>(most_edges);
  if (!all_steep || !across || !down || !edges.x || !edges.y || !edges.angle) return EMP_OUT_OF_MEMORY;
  find_steepness(s, all_steep.data());
  for (uint32_t top = 1; top + 1 < h; top += kTile)
    for (uint32_t left = 1; left + 1 < w; left += kTile) {
      const uint32_t rows = std::min(kTile, h - 1 - top), columns = std::min(kTile, w - 1 - left);
      const uint8_t* steep = all_steep.data() + stride * top + left;
      const uint32_t least = least_steepness(steep, stride, rows, rows * columns / kShare);
      for (uint32_t y = top; y < top + rows && least < 256; ++y, steep += stride) {
        uint8_t hue[kTile], near[3][3][kTile], tops[kTile], at[kTile + 1];
        int16_t dx[kTile], dy[kTile];
        const ptrdiff_t plane = static_cast<ptrdiff_t>(s.plane());
        choose_planes(s.row(y) + left, plane, s.stride, hue);
        for (uint32_t i = 0; i < 3; ++i)
          for (uint32_t k = 0; k < 3; ++k) take_row(s.row(y + i - 1) + left + k - 1, plane, hue, near[i][k]);
        find_gradients(near, dx, dy);
        mark_tops(steep, static_cast<ptrdiff_t>(stride), dx, dy, static_cast<uint8_t>(least), tops);
        uint32_t n = 0;
        for (uint8_t k = 0; k < kTile; ++k) at[n] = k, n += tops[k];
        for (uint32_t i = 0; i < n; ++i, ++edges.n) {
          edges.x[edges.n] = static_cast<float>(left + at[i]) - middle.x;
          edges.y[edges.n] = static_cast<float>(y) - middle.y;
          across[edges.n] = dx[at[i]], down[edges.n] = dy[at[i]];
        }
      }
    }
  find_directions(across.data(), down.data(), edges.n, edges.angle.data());
  return EMP_OK;
}

}  // namespace empreinte
