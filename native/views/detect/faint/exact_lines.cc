#include "exact_lines.h"

#include <algorithm>

namespace empreinte {
namespace {

// Counts at each of the samples of a Pattern, of which every third stands for a pixel.
struct Counts {
  uint16_t sum[kSamples] = {}, near[kSamples] = {}, far[kSamples] = {};

  // May be called 1,024 times, so that 16 bits hold the sums.
  void add(const Pattern& pattern, const uint8_t* __restrict p) {
    uint8_t most[kSamples];
    pattern.compare(p, most);
    for (uint32_t i = 0; i < kSamples; ++i)
      sum[i] = static_cast<uint16_t>(sum[i] + std::min<uint8_t>(kMostDiffers, most[i]));
    count(most, kTolerance[0], near);
    count(most, kTolerance[1], far);
  }

 private:
  // Compilers make vector code of this loop only by itself.
  static void count(const uint8_t* __restrict most, uint8_t tolerance, uint16_t* __restrict counts) {
    for (uint32_t i = 0; i < kSamples; ++i)
      counts[i] = static_cast<uint16_t>(counts[i] + (most[i] > tolerance ? 1 : 0));
  }
};

ExactLine line_of(uint32_t sum, uint32_t near, uint32_t far, uint32_t pixels) {
  const float n = static_cast<float>(pixels);
  return {static_cast<float>(sum) / n, {static_cast<float>(near) / n, static_cast<float>(far) / n}};
}

// One pixel of so many of a flat line may be far off.
constexpr uint32_t kMostFar = 20;

}  // namespace

bool ExactLines::start(const Side& side) {
  if (side.first == side_.first && side.next_line == side_.next_line && side.lines == side_.lines &&
      side.length == side_.length)
    return flat_;
  side_ = side;
  std::fill_n(done_, kWorkingSide, uint8_t{0});
  median_of_line(side, 0, colour_);
  // Most images are decided by a few pixels.
  constexpr uint32_t kEach = 4;
  const uint8_t* p = side.line(0);
  uint32_t far = 0, n = 0;
  for (uint32_t k = 0; k < side.length; k += kEach, p += kEach * side.next_pixel, ++n)
    far += colour_difference(p, colour_) > kTolerance[1];
  return flat_ = far * kMostFar <= n;
}

void ExactLines::measure(uint32_t i) {
  if (side_.next_pixel == 3)
    measure_row(i);
  else
    measure_columns(i / kPixels * kPixels);
}

void ExactLines::measure_row(uint32_t i) {
  const Pattern pattern(colour_);
  Counts counts;
  const uint8_t* p = side_.line(i);
  uint32_t k = 0, sum = 0, near = 0, far = 0;
  for (; k + kPixels <= side_.length; k += kPixels, p += kSamples) counts.add(pattern, p);
  for (uint32_t m = 0; m < kSamples; m += 3) sum += counts.sum[m], near += counts.near[m], far += counts.far[m];
  for (; k < side_.length; ++k, p += 3) {
    const int differs = colour_difference(p, colour_);
    sum += static_cast<uint32_t>(std::min<int>(kMostDiffers, differs));
    near += differs > kTolerance[0], far += differs > kTolerance[1];
  }
  lines_[i] = line_of(sum, near, far, side_.length);
  done_[i] = 1;
}

// Neighbouring columns are measured together, a row at a time, from the leftmost. Every second row is enough.
void ExactLines::measure_columns(uint32_t first) {
  const Pattern pattern(colour_);
  Counts counts;
  const uint32_t n = std::min(kPixels, side_.lines - first);
  const bool rightwards = side_.next_line > 0;
  const uint8_t* p = side_.line(rightwards ? first : first + n - 1);
  const uint32_t rows = (side_.length + 1) / 2;
  for (uint32_t k = 0; k < rows; ++k, p += 2 * side_.next_pixel) counts.add(pattern, p);
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t m = 3 * (rightwards ? i : n - 1 - i);
    lines_[first + i] = line_of(counts.sum[m], counts.near[m], counts.far[m], rows);
    done_[first + i] = 1;
  }
}

}  // namespace empreinte
