#include "certificate.h"

#include <algorithm>
#include <cmath>

#include "bits.h"
#include "pixels.h"
#include "quality.h"

namespace empreinte {
namespace {

// Where the bound comes from. The reference's running sums round at every step. Adding a value and taking it away again
// cancel while the sum stays within one power of two; the rest is a walk of at most 2n steps of ulp/√12, the ulp that
// of the largest sum 255·w, in a mean over w. A coefficient of frequency k gathers 64/(π·k) of the step between
// neighbouring samples, so low frequencies, which are large and seldom near the median, may be off most.
//
// A worst case over all images, in which every step rounds the same way, would be useless. So the bound is kWalk
// deviations of that walk, measured: test/native/methods.cc searches for bad images, flat, periodic and mixed, with
// sums on powers of two. Images like photographs reached 0.15 of the bound, the worst of all 0.82, and no hash ever
// differed.
constexpr double kWalk = 40.0;
// The error of our own float sums: a few ulp of 255, and of a coefficient that sums 64 of them.
constexpr double kOwn = 1e-4;

struct Walk {
  double grid, coefficient;
};

Walk walk_of(uint32_t n) {
  const double w = window_of(n);
  const double ulp = std::ldexp(1.0, std::ilogb(255.0 * w) - 23);
  const double step = ulp / std::sqrt(12.0) / w;
  return {step * std::sqrt(2.0 * n), step * std::sqrt(2.0 * n / 64) * 64 / 3.14159265358979};
}

}  // namespace

ErrorBound error_bound(const emp_pixels& pixels) {
  const Walk x = walk_of(pixels.width), y = walk_of(pixels.height);
  return {static_cast<float>(kOwn + kWalk * (x.grid + y.grid)), static_cast<float>(kOwn),
          static_cast<float>(kWalk * x.coefficient), static_cast<float>(kWalk * y.coefficient)};
}

bool certain(const float* coefficients, bool dihedral, uint32_t gradient_sum, uint32_t doubtful,
             const ErrorBound& bound) {
  float error[kCoefficients], largest = 0, largest_low = 0;
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) {
      const float size = std::abs(coefficients[16 * i + j]);
      error[16 * i + j] = bound.coefficient(i, j);
      largest = std::max(largest, size + error[16 * i + j]);
      largest_low = std::max(largest_low, size - error[16 * i + j]);
    }
  if (largest >= kStable && largest_low < kStable) return false;
  if (quality_of(gradient_sum - std::min(gradient_sum, doubtful)) != quality_of(gradient_sum + doubtful)) return false;

  // The signs of a transposed orientation are those of another one, so four medians cover all eight.
  constexpr int kOrig = 0, kRot180 = 2, kFlipX = 4, kFlipY = 5;
  constexpr int orientations[] = {kOrig, kRot180, kFlipX, kFlipY};
  for (int v = 0; v < (dihedral ? 4 : 1); ++v) {
    float turned[kCoefficients];
    dihedral_coefficients(coefficients, orientations[v], turned);
    // The bits stay the same when every coefficient that is not above the median stays below every one that is, and
    // each group is half of them. When more are not above it, several equal the median, and the exact method may break
    // that tie. An image narrower than the grid has frequencies of nothing but rounding.
    const float median = median_of(turned).value;
    float below = -INFINITY, above = INFINITY;
    int not_above = 0;
    for (int k = 0; k < kCoefficients; ++k) {
      if (turned[k] > median) {
        above = std::min(above, turned[k] - error[k]);
      } else {
        below = std::max(below, turned[k] + error[k]);
        ++not_above;
      }
    }
    if (below >= above || not_above != kCoefficients / 2) return false;
  }
  return true;
}

}  // namespace empreinte
