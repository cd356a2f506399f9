#include "scale_space.h"

#include <algorithm>

#include "../../kernels/kernels.h"
#include "numbers.h"
#include "steps_of.h"

namespace empreinte {
namespace {

constexpr uint32_t kMostRadius = 12;

struct Blur {
  uint32_t radius;
  float weight[kMostRadius + 1];
};

// The weights of a Gaussian out to three sigma.
Blur blur_of(double sigma) {
  Blur b = {static_cast<uint32_t>(3 * sigma), {}};
  if (b.radius < 3 * sigma) ++b.radius;
  double exact[kMostRadius + 1], sum = 0;
  for (uint32_t i = 0; i <= b.radius; ++i) {
    exact[i] = exponential(-0.5 * i * i / (sigma * sigma));
    sum += i == 0 ? 1 : 2 * exact[i];
  }
  for (uint32_t i = 0; i <= b.radius; ++i) b.weight[i] = static_cast<float>(exact[i] / sum);
  return b;
}

double root(double x) {
  double r = x;
  for (int i = 0; i < 30; ++i) r = 0.5 * (r + x / r);
  return r;
}

// The blur from one level to the next, and `first` from the copy, which counts as blurred by half a pixel.
struct Blurs {
  Blur first, next[kLevels - 1];
  Blurs() {
    const double sigma = kLeastSigma;
    first = blur_of(root(sigma * sigma - 0.25));
    for (uint32_t i = 0; i + 1 < kLevels; ++i) {
      const double a = sigma * power_of_two(i / 3.0), b = sigma * power_of_two((i + 1) / 3.0);
      next[i] = blur_of(root(b * b - a * a));
    }
  }
};

uint32_t stride_of(uint32_t width) { return (width + 15) / 16 * 16 + kSlack; }

size_t level_floats(uint32_t width, uint32_t height) { return size_t{stride_of(width)} * height + kSlack; }

// Computes row y of `to` from `from`. `line` has room for a row with 16 samples before and behind it.
void blur_row(const LocalSteps& steps, const Blur& blur, const Level& from, uint32_t y, float* line, float* to) {
  const float* rows[2 * kMostRadius + 1];
  const int64_t last = int64_t{from.height} - 1, radius = blur.radius;
  for (int64_t k = -radius; k <= radius; ++k)
    rows[k + radius] = from.row(static_cast<uint32_t>(std::clamp<int64_t>(y + k, 0, last)));
  float* middle = line + 16;
  steps.blur_down(rows, blur.weight, blur.radius, from.width, middle);
  for (uint32_t i = 1; i <= blur.radius; ++i) {
    middle[-static_cast<int32_t>(i)] = middle[0];
    middle[from.width + i - 1] = middle[from.width - 1];
  }
  steps.blur_across(middle, blur.weight, blur.radius, from.width, to);
}

// Finds extrema while the rows of all levels are in the cache.
class Rows {
 public:
  Rows(const LocalSteps& steps, const Blurs& blurs, Octave& octave, Arena& arena)
      : steps_(steps), blurs_(blurs), o_(octave) {
    const size_t stride = octave.level[0].stride;
    line_ = arena.take<float>(stride + 64);
    for (auto& level : difference_)
      for (float*& row : level) row = arena.take<float>(stride);
    found_ = arena.take<uint16_t>(stride);
  }
  bool has_memory() const { return line_ != nullptr && found_ != nullptr && difference_[kLevels - 2][2] != nullptr; }

  // Level l lags behind level l − 1 by the radius of its blur, and extrema by one row more.
  emp_status run(const emp_cancel* cancel, GrowingList<Candidate3>& candidates) {
    uint32_t lag[kLevels] = {};
    for (uint32_t l = 1; l < kLevels; ++l) lag[l] = lag[l - 1] + blurs_.next[l - 1].radius;
    const uint32_t height = o_.level[0].height, end = height + lag[kLevels - 1] + 1;
    for (uint32_t t = 0; t < end; ++t) {
      for (uint32_t l = 1; l < kLevels; ++l)
        if (t >= lag[l] && t - lag[l] < height) make_row(l, t - lag[l]);
      const uint32_t last = t - lag[kLevels - 1];
      if (t < lag[kLevels - 1] || last >= height) continue;
      for (uint32_t l = 0; l + 1 < kLevels; ++l)
        steps_.difference(o_.level[l + 1].row(last), o_.level[l].row(last), o_.level[0].width,
                          difference_[l][last % 3]);
      if (last > kBorder && !find(last - 1, candidates)) return EMP_OUT_OF_MEMORY;
      if (t % 64 == 0 && cancel != nullptr && cancel->poll != nullptr && cancel->poll(cancel->context) != 0)
        return EMP_CANCELLED;
    }
    return EMP_OK;
  }

 private:
  void make_row(uint32_t l, uint32_t y) {
    blur_row(steps_, blurs_.next[l - 1], o_.level[l - 1], y, line_, o_.level[l].row(y));
  }
  // Row y, of which the row below is the last that was made.
  bool find(uint32_t y, GrowingList<Candidate3>& candidates) {
    const uint32_t width = o_.level[0].width, height = o_.level[0].height;
    if (y + kBorder >= height || width <= 2 * kBorder) return true;
    for (uint32_t l = 1; l + 2 < kLevels; ++l) {
      const float* rows[3][3];
      for (uint32_t k = 0; k < 3; ++k)
        for (uint32_t j = 0; j < 3; ++j) rows[k][j] = difference_[l - 1 + k][(y + 2 + j) % 3];
      const uint32_t count = steps_.extrema(rows, kContrast / 6, kBorder, width - kBorder, found_);
      for (uint32_t i = 0; i < count; ++i)
        if (!candidates.add({found_[i], static_cast<uint16_t>(y), l})) return false;
    }
    return true;
  }

  const LocalSteps& steps_;
  const Blurs& blurs_;
  Octave& o_;
  float* line_ = nullptr;
  float* difference_[kLevels - 1][3] = {};
  uint16_t* found_ = nullptr;
};

bool is_kept(uint32_t level) { return level >= 1 && level <= 3; }

}  // namespace

size_t scale_space_bytes(uint32_t width, uint32_t height) {
  size_t floats = 3 * level_floats(width, height) + 3 * 64;
  const size_t rows = size_t{17} * (stride_of(width) + 64);
  for (uint32_t o = 0; o < kMostOctaves && std::min(width, height) >= kLeastOctave; ++o, width /= 2, height /= 2)
    floats += 3 * (level_floats(width, height) + 16) + rows + 64;
  return floats * sizeof(float);
}

emp_status build_scale_space(const LumaCopy& copy, const emp_kernel& kernel, const emp_cancel* cancel, Arena& arena,
                             ScaleSpace& out) {
  const LocalSteps& steps = steps_of(kernel);
  const Blurs blurs;
  uint32_t width = copy.width, height = copy.height;
  // The three levels that are not kept, of every octave in turn.
  float* shared[kLevels] = {};
  for (uint32_t l = 0; l < kLevels; ++l)
    if (!is_kept(l) && (shared[l] = arena.take<float>(level_floats(width, height))) == nullptr)
      return EMP_OUT_OF_MEMORY;
  GrowingList<Candidate3> candidates;
  for (out.octaves = 0; out.octaves < kMostOctaves && std::min(width, height) >= kLeastOctave; ++out.octaves) {
    const uint32_t number = out.octaves;
    Octave& octave = out.octave[number];
    for (uint32_t l = 0; l < kLevels; ++l) {
      float* data = is_kept(l) ? arena.take<float>(level_floats(width, height)) : shared[l];
      if (data == nullptr) return EMP_OUT_OF_MEMORY;
      octave.level[l] = {width, height, stride_of(width), data};
    }
    Rows rows(steps, blurs, octave, arena);
    if (!rows.has_memory()) return EMP_OUT_OF_MEMORY;
    if (number == 0) {
      // The copy itself has no room behind its rows. What a blur reads there is not used.
      const Level source = {width, height, width, const_cast<float*>(copy.luma.data())};
      float* line = arena.take<float>(stride_of(width) + 64);
      if (line == nullptr) return EMP_OUT_OF_MEMORY;
      for (uint32_t y = 0; y < height; ++y) blur_row(steps, blurs.first, source, y, line, octave.level[0].row(y));
    } else {
      const Level& before = out.octave[number - 1].level[3];
      for (uint32_t y = 0; y < height; ++y) steps.every_second(before.row(2 * y), width, octave.level[0].row(y));
    }
    candidates.clear();
    const emp_status status = rows.run(cancel, candidates);
    if (status != EMP_OK) return status;
    if (!refine_extrema(octave, number, candidates, out.extrema)) return EMP_OUT_OF_MEMORY;
    width /= 2, height /= 2;
  }
  return EMP_OK;
}

}  // namespace empreinte
