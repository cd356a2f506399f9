// The reference filters a side of n pixels by two boxes of w = ⌈n/128⌉ and keeps 64 samples. Seen from the picture that
// is a kernel of variance (w² − 1)/6 pixels² at positions that lie, for an even w, up to a fifth of a sample's step
// behind the middle: at n = 512 by 1.5 of 8 pixels, at 1,024 by 1.5 of 16. Both matter: without the shift a view of the
// very original is some ten bits away, as are hashes of pictures brought to 256×256 first.
//
// Here each sample is the mean of 2×2 bilinear looks at the coarsest level whose pixels are still a third of the step,
// so far apart that the variance comes out the same.
#include "sample.h"

#include <algorithm>
#include <cmath>

#include "../hash/bits.h"
#include "../hash/decimate.h"
#include "../hash/pixels.h"
#include "../hash/quality.h"
#include "../kernels/kernels.h"

namespace empreinte {
namespace {

constexpr uint32_t kSide = EMP_GRID;

// What the reference does to a side of n pixels, in steps of the grid.
struct Filter {
  float shift;     // mean distance of the samples from the middle of their step
  float variance;  // of the two boxes
  float pixel;     // size of a pixel
};

Filter filter_of(uint32_t n) {
  const float w = static_cast<float>(window_of(n)), step = static_cast<float>(n) / kSide;
  float sum = 0;
  for (uint32_t i = 0; i < kSide; ++i) {
    const float position = static_cast<float>(sample_position(i, n)) + 0.5f;
    sum += position - (static_cast<float>(i) + 0.5f) * step;
  }
  const float even = window_of(n) % 2 == 0 ? 1.0f : 0.0f;  // two boxes, each half a pixel to the right
  return {(sum / kSide + even) / step, (w * w - 1) / 6 / (step * step), 1 / step};
}

// Projective: (u, v) of the unit square to the picture.
struct Projection {
  float a, b, c, d, e, f, g, h;
  bool affine() const { return g == 0 && h == 0; }
};

// After P. Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), section 2.2.3.
bool projection_of(const float* x, const float* y, Projection* out) {
  const float sx = x[0] - x[1] + x[2] - x[3], sy = y[0] - y[1] + y[2] - y[3];
  const float dx1 = x[1] - x[2], dx2 = x[3] - x[2], dy1 = y[1] - y[2], dy2 = y[3] - y[2];
  const float area = dx1 * dy2 - dx2 * dy1;
  if (!(std::abs(area) > 1e-6f)) return false;
  float g = (sx * dy2 - dx2 * sy) / area, h = (dx1 * sy - sx * dy1) / area;
  // Sides that are parallel but for rounding.
  if (std::abs(g) < 1e-5f && std::abs(h) < 1e-5f) g = h = 0;
  // Nothing of the square may be at or behind the horizon.
  if (!(1 + std::min(g, 0.0f) + std::min(h, 0.0f) > 0.05f)) return false;
  *out = {
      x[1] - x[0] + g * x[1], x[3] - x[0] + h * x[3], x[0], y[1] - y[0] + g * y[1], y[3] - y[0] + h * y[3], y[0], g, h};
  return true;
}

// The looks along one side of the unit square: `per` to a step, kept inside it by half a pixel of the level.
struct Looks {
  float at[2 * kSide];
};

Looks looks_of(const Filter& filter, float pixel, uint32_t per) {
  // Bilinear looks at random phases add a sixth of pixel² to the variance, the level's own pixels a twelfth.
  const float own =
      (pixel * pixel - std::min(pixel, filter.pixel) * std::min(pixel, filter.pixel)) / 12 + pixel * pixel / 6;
  const float apart = per == 1 ? 0 : std::sqrt(std::max(filter.variance - own, 0.0f));
  Looks looks;
  const float most = kSide - 0.5f * pixel;
  for (uint32_t i = 0; i < kSide; ++i)
    for (uint32_t k = 0; k < per; ++k) {
      const float middle = static_cast<float>(i) + 0.5f + filter.shift + (per == 1 ? 0 : k == 0 ? -apart : apart);
      looks.at[per * i + k] = std::clamp(middle, 0.5f * pixel, most) / kSide;
    }
  return looks;
}

// One line of bilinear looks: the places first, which a compiler does many at a time.
template <uint32_t N>
struct Line {
  float x[N], y[N];
  int32_t at[N];

  // From pixels of the level to an offset and two fractions; outside, the edge goes on.
  void settle(const Levels::Level& level) {
    const float most_x = static_cast<float>(level.width - 1), most_y = static_cast<float>(level.height - 1);
    const int32_t stride = static_cast<int32_t>(level.width);
    for (uint32_t j = 0; j < N; ++j) {
      const float cx = std::min(std::max(x[j], 0.0f), most_x), cy = std::min(std::max(y[j], 0.0f), most_y);
      const int32_t ix = static_cast<int32_t>(cx), iy = static_cast<int32_t>(cy);
      at[j] = iy * stride + ix;
      x[j] = cx - static_cast<float>(ix), y[j] = cy - static_cast<float>(iy);
    }
  }
  float look(const Levels::Level& level, uint32_t j) const {
    const float *p = level.luma + at[j], *q = p + level.width;
    const float top = p[0] + x[j] * (p[1] - p[0]), bottom = q[0] + x[j] * (q[1] - q[0]);
    return top + y[j] * (bottom - top);
  }
};

template <uint32_t Per>
void take_looks(const Levels::Level& level, const Projection& p, const Looks& across, const Looks& down, float* grid) {
  constexpr float share = 1.0f / (Per * Per);
  constexpr uint32_t n = Per * kSide;
  Line<n> line;
  for (uint32_t i = 0; i < kSide; ++i) {
    float* row = grid + kSide * i;
    for (uint32_t j = 0; j < kSide; ++j) row[j] = 0;
    for (uint32_t k = 0; k < Per; ++k) {
      const float v = down.at[Per * i + k];
      const float bx = p.b * v + p.c, by = p.e * v + p.f, bw = p.h * v + 1;
      if (p.affine()) {
        for (uint32_t j = 0; j < n; ++j) line.x[j] = p.a * across.at[j] + bx, line.y[j] = p.d * across.at[j] + by;
      } else {
        for (uint32_t j = 0; j < n; ++j) {
          const float w = 1 / (p.g * across.at[j] + bw);
          line.x[j] = (p.a * across.at[j] + bx) * w, line.y[j] = (p.d * across.at[j] + by) * w;
        }
      }
      line.settle(level);
      for (uint32_t j = 0; j < kSide; ++j)
        for (uint32_t m = 0; m < Per; ++m) row[j] += share * line.look(level, Per * j + m);
    }
  }
}

// The same where rows of the view are rows of the picture, by far the most: the lines are blended first, whole, then
// looked at along one line only.
template <uint32_t Per>
void take_upright_looks(const Levels::Level& level, const Projection& p, const Looks& across, const Looks& down,
                        float* grid) {
  constexpr float share = 1.0f / (Per * Per);
  constexpr uint32_t n = Per * kSide;
  Line<n> columns, rows;
  for (uint32_t j = 0; j < n; ++j) {
    columns.x[j] = p.a * across.at[j] + p.c, columns.y[j] = 0;
    rows.x[j] = 0, rows.y[j] = p.e * down.at[j] + p.f;
  }
  columns.settle(level), rows.settle(level);
  // The level's columns that are looked at.
  const int32_t first = std::min(columns.at[0], columns.at[n - 1]),
                last = std::max(columns.at[0], columns.at[n - 1]) + 1;
  float blend[kPictureSide + 1];
  const size_t stride = level.width;
  for (uint32_t i = 0; i < kSide; ++i) {
    for (uint32_t k = 0; k < Per; ++k) {
      const float *a = level.luma + rows.at[Per * i + k], *b = a + stride;
      const float f = share * rows.y[Per * i + k], g = share - f;
      for (int32_t x = first; x <= last; ++x) blend[x] = (k == 0 ? 0 : blend[x]) + g * a[x] + f * b[x];
    }
    for (uint32_t j = 0; j < kSide; ++j) {
      float sum = 0;
      for (uint32_t m = Per * j; m < Per * (j + 1); ++m) {
        const float* at = blend + columns.at[m];
        sum += at[0] + columns.x[m] * (at[1] - at[0]);
      }
      grid[kSide * i + j] = sum;
    }
  }
}

}  // namespace

emp_status make_levels(const Picture& picture, Levels& out) {
  out.source_width = picture.source_width, out.source_height = picture.source_height;
  out.level[0] = {picture.width, picture.height, picture.luma.data()};
  out.count = 1;
  size_t total = 1;
  for (uint32_t width = picture.width, height = picture.height;
       out.count < Levels::kMost && width >= 128 && height >= 128; ++out.count) {
    width /= 2, height /= 2;
    out.level[out.count] = {width, height, nullptr};
    total += size_t{width} * (height + 1) + 1;
  }
  out.room = Array<float>(total);
  if (!out.room) return EMP_OUT_OF_MEMORY;
  float* to = out.room.data();
  for (uint32_t i = 1; i < out.count; ++i) {
    Levels::Level& level = out.level[i];
    const Levels::Level& finer = out.level[i - 1];
    level.luma = to;
    for (uint32_t y = 0; y < level.height; ++y) {
      const float *a = finer.luma + size_t{finer.width} * 2 * y, *b = a + finer.width;
      for (uint32_t x = 0; x < level.width; ++x) *to++ = 0.25f * (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]);
    }
    for (uint32_t x = 0; x <= level.width; ++x) *to++ = 0;
  }
  return EMP_OK;
}

bool sample_view(const Levels& levels, const View& view, const Sampling& sampling, float* grid) {
  float x[4], y[4];
  for (int i = 0; i < 4; ++i) {
    if (!(std::abs(view.x[i]) < 16 && std::abs(view.y[i]) < 16)) return false;
    x[i] = view.x[i] * static_cast<float>(levels.level[0].width);
    y[i] = view.y[i] * static_cast<float>(levels.level[0].height);
  }
  const float across = 0.5f * (length_of(x[1] - x[0], y[1] - y[0]) + length_of(x[2] - x[3], y[2] - y[3]));
  const float down = 0.5f * (length_of(x[3] - x[0], y[3] - y[0]) + length_of(x[2] - x[1], y[2] - y[1]));
  if (!(across >= 4 && down >= 4)) return false;

  // The coarsest level whose pixels are at most a third of the step; the shorter side decides.
  uint32_t n = 0;
  const float finest = std::min(across, down) / kSide;
  while (n + 1 < levels.count && finest >= 3 * static_cast<float>(2u << n)) ++n;
  const Levels::Level& level = levels.level[n];
  const float shrink = 1 / static_cast<float>(1u << n);
  for (int i = 0; i < 4; ++i) x[i] *= shrink, y[i] *= shrink;
  Projection projection;
  if (!projection_of(x, y, &projection)) return false;
  // A pixel's middle is at half: in `look` it is at a whole number.
  const float half = 0.5f;
  projection.a -= half * projection.g, projection.b -= half * projection.h, projection.c -= half;
  projection.d -= half * projection.g, projection.e -= half * projection.h, projection.f -= half;

  const float source = static_cast<float>(levels.source_width) / static_cast<float>(levels.level[0].width);
  const auto pixels_of = [&](float side) {
    if (sampling.side != 0) return sampling.side;
    return static_cast<uint32_t>(std::clamp(side * source + 0.5f, 64.0f, 65536.0f));
  };
  const float pixel_x = kSide / (across * shrink), pixel_y = kSide / (down * shrink);
  const Filter fx = filter_of(pixels_of(across)), fy = filter_of(pixels_of(down));
  const uint32_t per = sampling.quick ? 1 : 2;
  const Looks looks_x = looks_of(fx, pixel_x, per), looks_y = looks_of(fy, pixel_y, per);
  const bool upright = projection.affine() && std::abs(projection.b) < 1e-3f && std::abs(projection.d) < 1e-3f;
  const auto take = upright ? (sampling.quick ? take_upright_looks<1> : take_upright_looks<2>)
                            : (sampling.quick ? take_looks<1> : take_looks<2>);
  take(level, projection, looks_x, looks_y, grid);
  return true;
}

float view_flatness(const Picture& picture, const View& view) {
  constexpr int kLooks = 48;
  uint16_t cells[4096] = {};
  Projection p;
  if (!projection_of(view.x, view.y, &p)) return 1;
  int most = 0, all = 0;
  for (int i = 0; i < kLooks; ++i)
    for (int j = 0; j < kLooks; ++j) {
      const float u = (static_cast<float>(j) + 0.5f) / kLooks, v = (static_cast<float>(i) + 0.5f) / kLooks;
      const float w = 1 / (p.g * u + p.h * v + 1);
      const float x = (p.a * u + p.b * v + p.c) * w, y = (p.d * u + p.e * v + p.f) * w;
      if (!(x >= 0 && y >= 0 && x < 1 && y < 1)) continue;
      const size_t column = static_cast<size_t>(x * static_cast<float>(picture.width));
      const size_t row = static_cast<size_t>(y * static_cast<float>(picture.height));
      const size_t at =
          std::min(row, size_t{picture.height} - 1) * picture.width + std::min(column, size_t{picture.width} - 1);
      const uint8_t* rgb = picture.rgb.data() + 3 * at;
      most = std::max<int>(most, ++cells[(rgb[0] >> 4) << 8 | (rgb[1] >> 4) << 4 | rgb[2] >> 4]);
      ++all;
    }
  return all == 0 ? 1 : static_cast<float>(most) / static_cast<float>(all);
}

void hash_grid(const emp_kernel& kernel, const float* grid, GridHash* out, float* coefficients) {
  float own[EMP_COEFFICIENTS * EMP_COEFFICIENTS];
  float* to = coefficients != nullptr ? coefficients : own;
  uint32_t sum, doubtful;
  kernel.gradient(grid, 0.0f, &sum, &doubtful);
  kernel.dct(grid, to);
  hash_bits(to, median_of(to).value, out->hash);
  out->quality = quality_of(sum);
  float largest = 0;
  for (int i = 0; i < kCoefficients; ++i) largest = std::max(largest, std::abs(to[i]));
  out->stable = largest >= kStable;
}

}  // namespace empreinte
