#include "orientation.h"

#include <algorithm>
#include <cmath>

#include "numbers.h"

namespace empreinte {
namespace {

constexpr float kSecondPeak = 0.8f;
constexpr int32_t kMostReach = 40;  // samples; the largest sigma of an octave is 1.6 · 2^(7/6)

int32_t nearest(float x) { return static_cast<int32_t>(x + 0.5f); }

// Neighbouring samples have nearly the same direction, and an addition to a bin waits for the one before it. So samples
// are added to several histograms in turn. The last bin of each is the first once more.
constexpr uint32_t kTurns = 4;
using Histograms = float[kTurns][kBins + 1];

// Sums the lengths of gradients within 4.5 sigma by their directions, weighted by a Gaussian of 1.5 sigma.
void add_gradients(const LocalSteps& steps, const Level& level, const Extremum& e, Histograms& histograms) {
  const int32_t x = nearest(e.x), y = nearest(e.y), reach = std::min(kMostReach, nearest(4.5f * e.sigma));
  const int32_t width = static_cast<int32_t>(level.width), height = static_cast<int32_t>(level.height);
  double exact[kMostReach + 1];
  const double deviation = 1.5 * e.sigma;
  for (int32_t i = 0; i <= reach; ++i) exact[i] = -0.5 * i * i / (deviation * deviation);
  exponentials(exact, reach + 1);
  // Of the columns from −reach to reach.
  float weights[2 * kMostReach + 1];
  float* weight = weights + reach;
  for (int32_t i = 0; i <= reach; ++i) weight[i] = weight[-i] = static_cast<float>(exact[i]);
  alignas(64) float length[2 * kMostReach + 32], bin[2 * kMostReach + 32], after[2 * kMostReach + 32];
  alignas(64) int32_t at[2 * kMostReach + 32];
  int32_t half = reach;
  for (int32_t j = -reach; j <= reach; ++j) {
    while (half < reach && (half + 1) * (half + 1) + j * j <= reach * reach) ++half;
    while (half > 0 && half * half + j * j > reach * reach) --half;
    if (y + j < 1 || y + j >= height - 1) continue;
    const int32_t from = std::max(1, x - half), to = std::min(width - 2, x + half);
    if (from > to) continue;
    const uint32_t n = static_cast<uint32_t>(to - from + 1);
    steps.gradients(level.row(static_cast<uint32_t>(y + j)) + from, level.stride, n, length, bin);
    const float vertical = weight[j];
    const float* across = weight + (from - x);
    for (uint32_t i = 0; i < n; ++i) {
      const float amount = length[i] * across[i] * vertical;
      // A direction of 0 … kBins, both ends of which are the same.
      at[i] = std::min<int32_t>(static_cast<int32_t>(bin[i]), kBins - 1);
      after[i] = amount * (bin[i] - static_cast<float>(at[i]));
      length[i] = amount - after[i];
    }
    for (uint32_t i = 0; i < n; ++i) {
      float* histogram = histograms[i % kTurns] + at[i];
      histogram[0] += length[i];
      histogram[1] += after[i];
    }
  }
}

void smooth(float (&h)[kBins]) {
  float before[kBins];
  std::copy(h, h + kBins, before);
  for (uint32_t b = 0; b < kBins; ++b)
    h[b] = 0.5f * before[b] + 0.25f * (before[(b + kBins - 1) % kBins] + before[(b + 1) % kBins]);
}

}  // namespace

Orientations orientations_of(const LocalSteps& steps, const Level& level, const Extremum& e, uint32_t most) {
  Histograms histograms = {};
  add_gradients(steps, level, e, histograms);
  float h[kBins];
  for (auto& histogram : histograms) histogram[0] += histogram[kBins];
  for (uint32_t b = 0; b < kBins; ++b)
    h[b] = (histograms[0][b] + histograms[1][b]) + (histograms[2][b] + histograms[3][b]);
  smooth(h);
  smooth(h);
  const float greatest = *std::max_element(h, h + kBins);
  struct Peak {
    float height, bin;
  } peaks[2] = {};
  uint32_t count = 0;
  for (uint32_t b = 0; b < kBins; ++b) {
    const float left = h[(b + kBins - 1) % kBins], right = h[(b + 1) % kBins];
    if (!(h[b] > left && h[b] >= right && h[b] >= kSecondPeak * greatest)) continue;
    const Peak peak = {h[b], static_cast<float>(b) + 0.5f * (left - right) / (left - 2 * h[b] + right)};
    if (count == 0 || peak.height > peaks[0].height) {
      peaks[1] = peaks[0];
      peaks[0] = peak;
    } else if (count == 1 || peak.height > peaks[1].height) {
      peaks[1] = peak;
    }
    count = std::min(2u, count + 1);
  }
  Orientations out;
  out.count = std::min(count, most);
  for (uint32_t i = 0; i < out.count; ++i) {
    const float bins = static_cast<float>(kBins), bin = peaks[i].bin < 0 ? peaks[i].bin + bins : peaks[i].bin;
    constexpr float kTurn = 6.28318530717958647692f;
    out.angle[i] = std::min(bin / bins * kTurn, 6.2831850f);
  }
  return out;
}

}  // namespace empreinte
