// Finds the best chain by dynamic programming, once for each of some twenty-five speeds. The score of a chain that ends
// at a point is that of its best predecessor, plus the seconds that the point adds, minus the cost of the gap between
// them. The speeds are six percent apart. A step of ten seconds then misses by 0.3 s, which the slack allows, and the
// line is fitted afterwards.
#include "chain.h"

#include <algorithm>
#include <cmath>

namespace empreinte {
namespace {

constexpr double kSpeedStep = 1.06;
constexpr uint32_t kMostBack = 96;   // points
constexpr double kLongestGap = 20;   // seconds of the query without a match inside a chain
constexpr double kLeastStep = 0.2;   // seconds
constexpr double kGapCost = 0.05;    // for each second
constexpr double kBendCost = 0.15;   // for the whole slack
constexpr double kSpeedCost = 0.1;   // at twice the speed, so that the speed nearest to 1 wins among equal chains
constexpr double kBaseSlack = 0.25;  // seconds
constexpr double kBend = 0.03;       // half a step of speed

// Returns how much a second of the point counts: half at the largest distance.
double value_of(const Point& p, uint32_t support_radius) {
  return p.weight * (1 - 0.5 * p.distance / std::max(support_radius, 1u)) + 0.01;
}

// Returns how many seconds both sides are static within the point's rectangle.
double static_seconds(const Point& p, double speed) { return std::min(p.q1 - p.q0, (p.k1 - p.k0) / speed); }

// Returns how far a point may be from the line through another: the uncertainty of their places, and how much a line
// over both may bend.
double slack_of(const Point& a, const Point& b, double speed, double spacing) {
  const double unknown = a.unknown(speed) + b.unknown(speed);
  return kBaseSlack + 0.6 * spacing + unknown + kBend * std::abs(b.q() - a.q()) * speed;
}

}  // namespace

emp_status best_chain(const List<Point>& points, const List<uint8_t>& used, double spacing, double sparse,
                      const emp_video_options& options, Chain* out) {
  out->score = 0;
  out->path.shrink(0);
  List<uint32_t> open;
  List<double> scores;
  List<uint32_t> before, best_before;
  for (uint32_t i = 0; i < points.size(); ++i)
    if (used[i] == 0 && !open.push(i)) return EMP_OUT_OF_MEMORY;
  const uint32_t n = static_cast<uint32_t>(open.size());
  if (n == 0) return EMP_OK;
  if (!scores.resize(n) || !before.resize(n) || !best_before.resize(n)) return EMP_OUT_OF_MEMORY;
  uint32_t best_end = 0;
  // A point without a duration counts as one step of the sparser side.
  const double step = std::max(kLeastStep, sparse), longest_gap = std::max(kLongestGap, 3 * sparse);
  // The speeds go up from the lowest one in steps from 1. A logarithm would need a newer glibc.
  double lowest = 1;
  while (lowest > options.min_speed) lowest /= kSpeedStep;
  while (lowest * kSpeedStep < options.min_speed) lowest *= kSpeedStep;
  for (double speed = lowest; speed < options.max_speed * kSpeedStep; speed *= kSpeedStep) {
    const double factor = 1 - kSpeedCost * std::min(1.0, std::max(speed, 1 / speed) - 1);
    double best = 0;
    uint32_t end = 0;
    for (uint32_t i = 0; i < n; ++i) {
      const Point& b = points[open[i]];
      const double value = value_of(b, options.support_radius), still = static_seconds(b, speed);
      double score = value * (still + step);
      uint32_t from = i;
      for (uint32_t j = i; j-- > 0 && i - j <= kMostBack;) {
        const Point& a = points[open[j]];
        const double dq = b.q() - a.q(), dk = b.k() - a.k();
        if (dq <= 0 || dk <= 0) continue;
        const double gap = std::max(0.0, b.q0 - a.q1);
        if (gap > longest_gap) continue;
        const double bend = std::abs(dk - speed * dq), slack = slack_of(a, b, speed, spacing);
        if (bend > slack) continue;
        const double own = value * (still + std::min(step, std::max(0.0, dq - still)));
        const double joined = scores[j] + own - kGapCost * gap - kBendCost * bend / slack;
        if (joined > score) score = joined, from = j;
      }
      scores[i] = score;
      before[i] = from;
      if (score * factor > best) best = score * factor, end = i;
      const emp_cancel& cancel = options.cancel;
      if (i % 1024 == 0 && cancel.poll != nullptr && cancel.poll(cancel.context) != 0) return EMP_CANCELLED;
    }
    if (best <= out->score) continue;
    out->score = best;
    out->speed = speed;
    best_end = end;
    std::copy(before.begin(), before.end(), best_before.begin());
  }
  for (uint32_t i = best_end;; i = best_before[i]) {
    if (!out->path.push(open[i])) return EMP_OUT_OF_MEMORY;
    if (best_before[i] == i) break;
  }
  std::reverse(out->path.begin(), out->path.end());
  return EMP_OK;
}

}  // namespace empreinte
