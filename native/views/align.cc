// A hash is the signs of 256 coefficients. A view that is slightly off has the signs of the low frequencies right, and
// its derivatives show how the others change. Each step is one of Gauss and Newton on the squared hinge
//   Σ weight · max(0, margin − sign · c/σ)²
// over the coefficients c, where σ is the usual size at their frequency. Coefficients that are right by a margin
// contribute nothing. Those far off are clipped, because an overlay or a replaced edge may be the reason. The low
// frequencies come first, because they are informative from far away. Six numbers move (an affine map), in the end
// eight (a projective one).
#include "align.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "../hash/bits.h"
#include "../kernels/kernels.h"

namespace empreinte {
namespace {

constexpr int kMost = 8;

// Writes the bits of a hash as signs, in the order of the coefficients.
void signs_of(const uint8_t* hash, float* sign) {
  for (int k = 0; k < kCoefficients; ++k) {
    const uint8_t byte = hash[kCoefficients / 8 - 1 - k / 8];
    sign[k] = byte >> (k % 8) & 1 ? 1.0f : -1.0f;
  }
}

// 1/σ of each coefficient: photographs' spectra fall about as frequency^−1.6 here.
void whitening_of(const float* coefficients, float* white) {
  float relative[kCoefficients];
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) {
      const float f = static_cast<float>((i + 1) * (i + 1) + (j + 1) * (j + 1));
      white[16 * i + j] = std::pow(f, 0.8f);
      relative[16 * i + j] = std::abs(coefficients[16 * i + j]) * white[16 * i + j];
    }
  std::nth_element(relative, relative + 128, relative + kCoefficients);
  const float scale = 1 / std::max(relative[128] * 1.48f, 1e-6f);
  for (int k = 0; k < kCoefficients; ++k) white[k] *= scale;
}

// The numbers of a move: shift across and down, stretch across and down, rotation, shear, and two of perspective. Each
// is scaled so that 1 moves a corner by about a step of the grid.
View moved(const View& from, const float* m) {
  constexpr float step = 1.0f / 32;
  View view = from;
  view.kind = ViewKind::aligned;
  // The middle and half axes of the view, in shares.
  float cx = 0, cy = 0;
  for (int i = 0; i < 4; ++i) cx += from.x[i] / 4, cy += from.y[i] / 4;
  const float ux = (from.x[1] + from.x[2] - from.x[0] - from.x[3]) / 4;
  const float uy = (from.y[1] + from.y[2] - from.y[0] - from.y[3]) / 4;
  const float vx = (from.x[3] + from.x[2] - from.x[0] - from.x[1]) / 4;
  const float vy = (from.y[3] + from.y[2] - from.y[0] - from.y[1]) / 4;
  const float a[4] = {-1, 1, 1, -1}, b[4] = {-1, -1, 1, 1};
  for (int i = 0; i < 4; ++i) {
    // In units of the half axes.
    const float bend = a[i] * b[i];
    const float p = step * (m[0] + m[2] * a[i] + m[5] * b[i] + m[6] * bend);
    const float q = step * (m[1] + m[3] * b[i] + m[4] * a[i] + m[7] * bend);
    view.x[i] = from.x[i] + p * ux + q * vx;
    view.y[i] = from.y[i] + p * uy + q * vy;
  }
  return view;
}

// Solves (A + damping · diag) x = b by elimination.
bool solve(int n, const double (&normal)[kMost][kMost], const double (&right)[kMost], double damping, float* x) {
  double m[kMost][kMost + 1];
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) m[i][j] = normal[i][j] * (i == j ? 1 + damping : 1) + (i == j ? 1e-9 : 0);
    m[i][n] = right[i];
  }
  for (int i = 0; i < n; ++i) {
    int pivot = i;
    for (int r = i + 1; r < n; ++r)
      if (std::abs(m[r][i]) > std::abs(m[pivot][i])) pivot = r;
    if (!(std::abs(m[pivot][i]) > 1e-12)) return false;
    std::swap(m[i], m[pivot]);
    for (int r = i + 1; r < n; ++r) {
      const double factor = m[r][i] / m[i][i];
      for (int c = i; c <= n; ++c) m[r][c] -= factor * m[i][c];
    }
  }
  for (int i = n; i-- > 0;) {
    double sum = m[i][n];
    for (int c = i + 1; c < n; ++c) sum -= m[i][c] * static_cast<double>(x[c]);
    x[i] = static_cast<float>(sum / m[i][i]);
  }
  return true;
}

class Alignment {
 public:
  Alignment(const emp_kernel& kernel, const Levels& levels, const View& from, const uint8_t* target, Aligned* best)
      : kernel_(kernel), levels_(levels), from_(from), target_(target), best_(best) {
    signs_of(target, sign_);
  }

  bool run() {
    const float still[kMost] = {};
    float c[kCoefficients];
    best_->samples = 0;
    if (!evaluate(from_, c, false)) return false;
    best_->view = from_;
    whitening_of(c, white_);
    float at[kMost];
    std::copy(still, still + kMost, at);
    descend(5, 7, 6, at);
    descend(5, 12, 3, at);
    descend(6, 16, 3, at);
    if (best_->distance > 12) descend(8, 16, 3, at);
    polish();
    return true;
  }

 private:
  // Computes the coefficients of a view and remembers the nearest hash.
  bool evaluate(const View& view, float* c, bool keep = true) {
    float grid[EMP_GRID * EMP_GRID];
    ++best_->samples;
    if (!sample_view(levels_, view, {0, true}, grid)) return false;
    kernel_.dct(grid, c);
    const float median = median_of(c).value;
    uint8_t hash[EMP_HASH_BYTES];
    hash_bits(c, median, hash);
    const uint32_t distance = emp_hash_distance(hash, target_);
    if (!keep || distance < best_->distance) best_->distance = distance, best_->view = view;
    for (int k = 0; k < kCoefficients; ++k) c[k] -= median;
    return true;
  }

  // Computes the hash of a view as a result has it, from all samples.
  uint32_t evaluate_fully(const View& view, GridHash* hash) {
    float grid[EMP_GRID * EMP_GRID];
    ++best_->samples;
    if (!sample_view(levels_, view, {}, grid)) return kCoefficients;
    hash_grid(kernel_, grid, hash, nullptr);
    return emp_hash_distance(hash->hash, target_);
  }

  // Takes the nearest view so far and moves one number at a time as long as bits are gained, on full samples.
  void polish() {
    View from = best_->view;
    float at[kMost] = {};
    best_->distance = evaluate_fully(from, &best_->hash);
    GridHash first;
    const uint32_t before = evaluate_fully(from_, &first);
    if (before < best_->distance) best_->distance = before, best_->hash = first, best_->view = from = from_;
    for (const float length : {0.5f, 0.25f}) {
      for (bool better = true; better;) {
        better = false;
        for (int p = 0; p < 6; ++p)
          for (const float sign_step : {length, -length}) {
            if (best_->distance <= 4 || best_->samples >= kAlignSamples) return;
            float to[kMost];
            std::copy(at, at + kMost, to);
            to[p] += sign_step;
            GridHash hash;
            const View view = moved(from, to);
            const uint32_t distance = evaluate_fully(view, &hash);
            if (distance >= best_->distance) continue;
            best_->distance = distance, best_->hash = hash, best_->view = view;
            std::copy(to, to + kMost, at);
            better = true;
            break;
          }
      }
    }
  }

  // Returns by how much a coefficient misses being right by the margin, clipped.
  float lack(int k, float c) const {
    constexpr float margin = 0.6f, clip = 1.6f;
    const float short_of = margin - sign_[k] * c * white_[k];
    return short_of <= 0 ? 0 : std::min(short_of, clip);
  }

  double loss(const float* c, int size) const {
    double sum = 0;
    for (int i = 0; i < size; ++i)
      for (int j = 0; j < size; ++j) {
        const float l = lack(16 * i + j, c[16 * i + j]);
        sum += l * l;
      }
    return sum;
  }

  // Takes `steps` steps over the first `size` frequencies in each direction, moving `n` numbers.
  void descend(int n, int size, int steps, float* at) {
    float c[kCoefficients], nudged[kMost][kCoefficients];
    if (!evaluate(moved(from_, at), c)) return;
    double damping = 0.05, now = loss(c, size);
    for (int step = 0; step < steps; ++step) {
      if (best_->samples + n + 3 > kAlignSamples) return;
      constexpr float small = 0.25f;
      for (int p = 0; p < n; ++p) {
        float to[kMost];
        std::copy(at, at + kMost, to);
        to[p] += small;
        if (!evaluate(moved(from_, to), nudged[p])) return;
      }
      double normal[kMost][kMost] = {}, right[kMost] = {};
      for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
          const int k = 16 * i + j;
          const float l = lack(k, c[k]);
          if (l <= 0) continue;
          float d[kMost];
          for (int p = 0; p < n; ++p) d[p] = sign_[k] * white_[k] * (nudged[p][k] - c[k]) / small;
          for (int p = 0; p < n; ++p) {
            right[p] += static_cast<double>(d[p]) * l;
            for (int q = 0; q <= p; ++q) normal[p][q] += static_cast<double>(d[p]) * d[q];
          }
        }
      for (int p = 0; p < n; ++p)
        for (int q = 0; q < p; ++q) normal[q][p] = normal[p][q];
      bool better = false;
      for (int attempt = 0; attempt < 3 && !better; ++attempt) {
        float move[kMost] = {}, to[kMost], next[kCoefficients];
        if (!solve(n, normal, right, damping, move)) return;
        float longest = 0;
        for (int p = 0; p < n; ++p) longest = std::max(longest, std::abs(move[p]));
        const float shorten = longest > 2.5f ? 2.5f / longest : 1;
        std::copy(at, at + kMost, to);
        for (int p = 0; p < n; ++p) to[p] += shorten * move[p];
        if (!evaluate(moved(from_, to), next)) return;
        const double then = loss(next, size);
        if (then < now) {
          better = true;
          now = then;
          std::copy(next, next + kCoefficients, c);
          std::copy(to, to + kMost, at);
          damping = std::max(damping * 0.4, 1e-3);
        } else {
          damping = damping * 6 + 0.1;
        }
      }
      if (!better || best_->distance <= 4) return;
    }
  }

  const emp_kernel& kernel_;
  const Levels& levels_;
  const View from_;
  const uint8_t* target_;
  Aligned* best_;
  float sign_[kCoefficients], white_[kCoefficients];
};

}  // namespace

bool align_view(const emp_kernel& kernel, const Levels& levels, const View& from, const uint8_t* target, Aligned* out) {
  return Alignment(kernel, levels, from, target, out).run();
}

}  // namespace empreinte
