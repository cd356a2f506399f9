// The working copy of an image, what is halved of it, and the samples of views: every kernel against plain
// definitions, in double precision where there is rounding, and all kernels against one another, to the bit.
//
//   reduce <seed> <rounds>
//
// Prints each failure and a last line with their number.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../../native/kernels/kernels.h"
#include "../../native/views/sampling/sample.h"
#include "../../native/views/working_copy/half_resolution.h"

using namespace empreinte;

namespace {

int checks = 0, failures = 0;
void expect(bool good, const char* what, const emp_kernel* kernel, const emp_pixels& p) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s: %s, %ux%ux%u\n", what, emp_kernel_name(kernel), p.width, p.height, p.channels);
}

struct Random {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  }
  float share() { return static_cast<float>(next()) / 2147483648.0f; }
};

// How much of pixel i is in output `at` of `outputs` of n, in pixels.
double share_of(uint32_t i, uint32_t at, uint32_t n, uint32_t outputs) {
  const double from = static_cast<double>(at) * n / outputs, to = (at + 1.0) * n / outputs;
  return std::max(0.0, std::min(i + 1.0, to) - std::max<double>(i, from));
}

// The mean of the rectangle that a sample of the working copy stands for.
double mean_of(const emp_pixels& p, const WorkingCopy& copy, uint32_t x, uint32_t y, uint32_t c) {
  const auto first = [](uint32_t at, uint32_t n, uint32_t outputs) {
    return static_cast<uint32_t>(static_cast<uint64_t>(at) * n / outputs);
  };
  double sum = 0, all = 0;
  for (uint32_t i = first(y, p.height, copy.height); i < p.height; ++i) {
    const double down = share_of(i, y, p.height, copy.height);
    if (down <= 0) break;
    for (uint32_t j = first(x, p.width, copy.width); j < p.width; ++j) {
      const double share = down * share_of(j, x, p.width, copy.width);
      if (share <= 0) break;
      sum += share * p.data[i * p.stride + size_t{p.channels} * j + (p.channels == 1 ? 0 : c)];
      all += share;
    }
  }
  return sum / all;
}

void check_copy(Random& random, const emp_pixels& p, const WorkingCopy& copy, const emp_kernel* kernel) {
  const uint32_t longest = std::max(p.width, p.height);
  expect(std::max(copy.width, copy.height) == std::min(longest, kWorkingSide), "the longest side", kernel, p);
  double most = 0;
  for (int i = 0; i < 400; ++i) {
    // The corners and sides too.
    const uint32_t x = i % 5 == 0 ? copy.width - 1 : random.next() % copy.width;
    const uint32_t y = i % 7 == 0 ? copy.height - 1 : random.next() % copy.height;
    const double value = copy.rgb[3 * (size_t{y} * copy.width + x) + static_cast<uint32_t>(i % 3)];
    most = std::max(most, std::abs(value - mean_of(p, copy, x, y, static_cast<uint32_t>(i % 3))));
  }
  // Half a level for each of two roundings, and shares of a 256th, of which a pixel may lack half a one on each side.
  expect(most <= 3, "a sample is the mean of what it stands for", kernel, p);
  double off = 0;
  for (size_t i = 0; i < size_t{copy.width} * copy.height; ++i) {
    const uint8_t* rgb = copy.rgb.data() + 3 * i;
    off = std::max(off, std::abs(copy.luma[i] - (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])));
  }
  expect(off < 1e-3, "luma", kernel, p);
}

void check_sketch(const WorkingCopy& copy, const HalfResolution& half, const emp_kernel* kernel, const emp_pixels& p) {
  int wrong = 0;
  const uint32_t s = half.scale;
  for (uint32_t y = 0; y < half.height; ++y)
    for (uint32_t x = 0; x < half.width; ++x) {
      const uint8_t* rgb = half.rgb.data() + 3 * (size_t{y} * half.width + x);
      for (uint32_t c = 0; c < 3; ++c) {
        uint32_t sum = s == 2 ? 2 : 0;
        for (uint32_t k = 0; k < s * s; ++k)
          sum += copy.rgb[3 * (size_t{s * y + k / s} * copy.width + s * x + k % s) + c];
        wrong += rgb[c] != sum / (s * s);
      }
      const uint8_t luma = static_cast<uint8_t>((77u * rgb[0] + 150u * rgb[1] + 29u * rgb[2] + 128) >> 8);
      wrong += half.row(y)[x] != luma || half.row(y)[x + half.plane()] != (256 + rgb[0] - rgb[2]) / 2;
    }
  expect(wrong == 0, "the sketch", kernel, p);
}

void check_levels(const Levels& levels, const emp_kernel* kernel, const emp_pixels& p) {
  double off = 0;
  for (uint32_t n = 1; n < levels.count; ++n) {
    const LumaLevel &level = levels.level[n], &finer = levels.level[n - 1];
    for (uint32_t y = 0; y < level.height; ++y)
      for (uint32_t x = 0; x < level.width; ++x) {
        const float *a = finer.luma + size_t{2 * y} * finer.width + 2 * x, *b = a + finer.width;
        const double mean = (double{a[0]} + a[1] + b[0] + b[1]) / 4;
        off = std::max(off, std::abs(level.luma[size_t{y} * level.width + x] - mean));
      }
  }
  expect(off < 1e-3, "the levels", kernel, p);
}

struct Made {
  WorkingCopy copy;
  HalfResolution half;
  Levels levels;
};

bool make(const emp_pixels& p, const emp_kernel* kernel, Made& out) {
  if (make_working_copy(p, *kernel, out.copy) != EMP_OK ||
      make_half_resolution(out.copy, *kernel, out.half) != EMP_OK || lay_out(out.copy, *kernel, out.levels) != EMP_OK)
    return false;
  add_rows(0, out.copy.height, out.levels);
  return true;
}

// Upright and mirrored, turned by a little, by perspective, beyond the image, and far too large.
View any_view(Random& random, int i) {
  View view = box(0, 0, 1, 1, ViewKind::whole);
  const float reach = i % 4 == 3 ? 6.0f : 0.4f;
  const float left = reach * random.share() - reach / 2, right = 1 + reach * random.share() - reach / 2;
  const float top = reach * random.share() - reach / 2, bottom = 1 + reach * random.share() - reach / 2;
  if (i % 4 == 0)
    return i % 8 == 0 ? box(left, top, right, bottom, view.kind) : box(right, top, left, bottom, view.kind);
  for (int k = 0; k < 4; ++k)
    view.x[k] += reach * (random.share() - 0.5f), view.y[k] += reach * (random.share() - 0.5f);
  if (i % 4 == 1) view.x[2] = view.x[1] + view.x[3] - view.x[0], view.y[2] = view.y[1] + view.y[3] - view.y[0];
  return view;
}

void check_one(Random& random, uint32_t width, uint32_t height, uint32_t channels) {
  // Exactly as many bytes as may be read, so that a sanitizer finds one more.
  const size_t row = size_t{width} * channels, stride = row + random.next() % 3;
  std::vector<uint8_t> data(stride * (height - 1) + row);
  const bool smooth = random.next() % 2 == 0;
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<uint8_t>(smooth ? (i % stride) * 255 / row : random.next());
  const emp_pixels p = {data.data(), data.size(), width, height, channels, stride};
  const emp_kernel* portable;
  Made expected;
  if (emp_kernel_find("portable", &portable) != EMP_OK || !make(p, portable, expected)) std::exit(2);
  check_copy(random, p, expected.copy, portable);
  check_sketch(expected.copy, expected.half, portable, p);
  check_levels(expected.levels, portable, p);
  const size_t count = size_t{expected.copy.width} * expected.copy.height;
  for (size_t k = 0; k < emp_kernel_count(); ++k) {
    const emp_kernel* kernel = emp_kernel_at(k);
    if (kernel == portable || !emp_kernel_supported(kernel)) continue;
    Made made;
    if (!make(p, kernel, made)) std::exit(2);
    const auto same = [](const auto* a, const auto* b, size_t n) { return std::memcmp(a, b, n * sizeof(*a)) == 0; };
    expect(same(made.copy.rgb.data(), expected.copy.rgb.data(), 3 * count), "colours as portable", kernel, p);
    expect(same(made.copy.luma.data(), expected.copy.luma.data(), count), "luma as portable", kernel, p);
    expect(same(made.half.rgb.data(), expected.half.rgb.data(), size_t{3} * made.half.width * made.half.height) &&
               same(made.half.planes.data(), expected.half.planes.data(), 2 * made.half.plane()),
           "sketch as portable", kernel, p);
    expect(same(made.levels.room.data(), expected.levels.room.data(), made.levels.room.size() - 1),
           "levels as portable", kernel, p);
    for (int i = 0; i < 24; ++i) {
      float grid[EMP_GRID * EMP_GRID], other[EMP_GRID * EMP_GRID];
      const View view = any_view(random, i);
      const Sampling sampling = {i % 5 == 0 ? 512u : 0u, i % 3 == 0};
      const bool sampled = sample_view(expected.levels, view, sampling, grid);
      expect(sample_view(made.levels, view, sampling, other) == sampled &&
                 (!sampled || same(grid, other, EMP_GRID * EMP_GRID)),
             "samples as portable", kernel, p);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  Random random = {argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1};
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 1;
  const uint32_t sizes[][2] = {{1025, 300}, {1152, 864}, {5, 5},     {600, 1300}, {2050, 33}, {40, 4100},
                               {1531, 77},  {129, 130},  {1024, 64}, {513, 96},   {9000, 12}};
  for (int round = 0; round < rounds; ++round)
    for (const auto& size : sizes)
      for (const uint32_t channels : {1u, 3u, 4u}) check_one(random, size[0], size[1], channels);
  std::printf("%d checks of reduced images, %d failures\n", checks, failures);
  return failures != 0;
}
