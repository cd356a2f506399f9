// The reference filters a side of n pixels by two boxes of w = ⌈n/128⌉ and keeps 64 samples. In terms of the image that
// is a kernel of variance (w² − 1)/6 pixels². For an even w its positions are up to a fifth of a sample's step behind
// the middle: by 1.5 of 8 pixels at n = 512, and by 1.5 of 16 at 1,024. Both matter. Without the shift a view of the
// very original is some ten bits away, as are hashes of images that were first reduced to 256×256.
//
// Here each sample is the mean of 2×2 bilinear samples at the coarsest level whose pixels are still a third of the
// step. They are so far apart that the variance is the same.
#include "sample.h"

#include <algorithm>
#include <cmath>

#include "../../hash/bits.h"
#include "../../hash/decimate.h"
#include "../../hash/pixels.h"
#include "../../hash/quality.h"
#include "../../kernels/kernels.h"

namespace empreinte {
namespace {

constexpr uint32_t kSide = EMP_GRID;
static_assert(kGridSide == kSide);

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

// Finds the projection of a view, after P. Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), section
// 2.2.3.
bool projection_of(const float* x, const float* y, Projection* out) {
  const float sx = x[0] - x[1] + x[2] - x[3], sy = y[0] - y[1] + y[2] - y[3];
  const float dx1 = x[1] - x[2], dx2 = x[3] - x[2], dy1 = y[1] - y[2], dy2 = y[3] - y[2];
  const float area = dx1 * dy2 - dx2 * dy1;
  if (!(std::abs(area) > 1e-6f)) return false;
  float g = (sx * dy2 - dx2 * sy) / area, h = (dx1 * sy - sx * dy1) / area;
  // Sides may be parallel apart from rounding.
  if (std::abs(g) < 1e-5f && std::abs(h) < 1e-5f) g = h = 0;
  // No part of the square may be at or behind the horizon.
  if (!(1 + std::min(g, 0.0f) + std::min(h, 0.0f) > 0.05f)) return false;
  *out = {
      x[1] - x[0] + g * x[1], x[3] - x[0] + h * x[3], x[0], y[1] - y[0] + g * y[1], y[3] - y[0] + h * y[3], y[0], g, h};
  return true;
}

// Places the bilinear samples along one side of the unit square: `per` for each step, inside it by half a pixel of the
// level.
void place_samples(const Filter& filter, float pixel, uint32_t per, float* at) {
  // Bilinear samples at random phases add a sixth of pixel² to the variance, and the level's own pixels a twelfth.
  const float own =
      (pixel * pixel - std::min(pixel, filter.pixel) * std::min(pixel, filter.pixel)) / 12 + pixel * pixel / 6;
  const float difference = per == 1 ? 0 : std::sqrt(std::max(filter.variance - own, 0.0f));
  const float most = kSide - 0.5f * pixel;
  for (uint32_t k = 0; k < per; ++k)
    for (uint32_t i = 0; i < kSide; ++i) {
      const float middle = static_cast<float>(i) + 0.5f + filter.shift +
                           (per == 1 ? 0
                            : k == 0 ? -difference
                                     : difference);
      at[kSide * k + i] = std::clamp(middle, 0.5f * pixel, most) / kSide;
    }
}

// Makes the rows of coarser levels for which row y of level i is the last they need.
void add_row(Levels& levels, uint32_t i, uint32_t y) {
  if (y % 2 == 0 || i + 1 == levels.count || y / 2 >= levels.level[i + 1].height) return;
  const LumaLevel &finer = levels.level[i], &level = levels.level[i + 1];
  const float* above = finer.luma + size_t{finer.width} * (y - 1);
  float* to = levels.room.data() + (level.luma - levels.room.data()) + size_t{level.width} * (y / 2);
  levels.kernel->halve_luma(above, above + finer.width, level.width, to);
  add_row(levels, i + 1, y / 2);
}

}  // namespace

emp_status lay_out(const WorkingCopy& copy, const emp_kernel& kernel, Levels& out) {
  out.kernel = &kernel;
  out.source_width = copy.source_width, out.source_height = copy.source_height;
  out.level[0] = {copy.width, copy.height, copy.luma.data()};
  out.count = 1;
  size_t total = 1;
  for (uint32_t width = copy.width, height = copy.height; out.count < Levels::kMost && width >= 128 && height >= 128;
       ++out.count) {
    width /= 2, height /= 2;
    out.level[out.count] = {width, height, nullptr};
    total += size_t{width} * (height + 1) + 1;
  }
  out.room = Array<float>(total);
  if (!out.room) return EMP_OUT_OF_MEMORY;
  float* to = out.room.data();
  for (uint32_t i = 1; i < out.count; ++i) {
    LumaLevel& level = out.level[i];
    level.luma = to;
    to += size_t{level.width} * level.height;
    for (uint32_t x = 0; x <= level.width; ++x) *to++ = 0;
  }
  return EMP_OK;
}

void add_rows(uint32_t first, uint32_t count, Levels& out) {
  for (uint32_t y = first; y < first + count; ++y) add_row(out, 0, y);
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

  // Takes the coarsest level whose pixels are at most a third of the step; the shorter side decides.
  uint32_t n = 0;
  const float finest = std::min(across, down) / kSide;
  while (n + 1 < levels.count && finest >= 3 * static_cast<float>(2u << n)) ++n;
  const LumaLevel& level = levels.level[n];
  const float shrink = 1 / static_cast<float>(1u << n);
  for (int i = 0; i < 4; ++i) x[i] *= shrink, y[i] *= shrink;
  SamplingPlan plan;
  Projection& projection = plan.projection;
  if (!projection_of(x, y, &projection)) return false;
  // The middle of a pixel is at a half here, and at a whole number in the plan.
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
  plan.level = level;
  plan.per = sampling.quick ? 1 : 2;
  place_samples(fx, pixel_x, plan.per, plan.across), place_samples(fy, pixel_y, plan.per, plan.down);
  plan.upright = projection.affine() && std::abs(projection.b) < 1e-3f && std::abs(projection.d) < 1e-3f;
  levels.kernel->sample_bilinear(plan, grid);
  return true;
}

float view_flatness(const WorkingCopy& copy, const View& view) {
  constexpr uint32_t kFlatSide = 48;
  uint16_t cells[4096] = {};
  Projection p;
  if (!projection_of(view.x, view.y, &p)) return 1;
  // The pixels that a line of samples falls on; kOutside where there is none.
  constexpr int32_t kOutside = -1;
  int32_t column[kFlatSide], row[kFlatSide];
  const float width = static_cast<float>(copy.width), height = static_cast<float>(copy.height);
  const int32_t last_column = static_cast<int32_t>(copy.width) - 1, last_row = static_cast<int32_t>(copy.height) - 1;
  const auto place = [&](uint32_t i, uint32_t j, uint32_t at) {
    const float u = (static_cast<float>(j) + 0.5f) / kFlatSide, v = (static_cast<float>(i) + 0.5f) / kFlatSide;
    const float w = 1 / (p.g * u + p.h * v + 1);
    const float x = (p.a * u + p.b * v + p.c) * w, y = (p.d * u + p.e * v + p.f) * w;
    column[at] = x >= 0 && x < 1 ? std::min(static_cast<int32_t>(x * width), last_column) : kOutside;
    row[at] = y >= 0 && y < 1 ? std::min(static_cast<int32_t>(y * height), last_row) : kOutside;
  };
  // In an upright view one line of columns and one of rows are enough.
  const bool upright = p.affine() && p.b == 0 && p.d == 0;
  for (uint32_t k = 0; upright && k < kFlatSide; ++k) place(k, k, k);
  int most = 0, all = 0;
  for (uint32_t i = 0; i < kFlatSide; ++i) {
    for (uint32_t j = 0; !upright && j < kFlatSide; ++j) place(i, j, j);
    for (uint32_t j = 0; j < kFlatSide; ++j) {
      const int32_t x = column[j], y = row[upright ? i : j];
      if (x == kOutside || y == kOutside) continue;
      const uint8_t* rgb = copy.rgb.data() + 3 * (static_cast<size_t>(y) * copy.width + static_cast<size_t>(x));
      most = std::max<int>(most, ++cells[(rgb[0] >> 4) << 8 | (rgb[1] >> 4) << 4 | rgb[2] >> 4]);
      ++all;
    }
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
