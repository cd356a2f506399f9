#include "line.h"

#include <algorithm>
#include <cmath>

namespace empreinte {
namespace {

constexpr int kRounds = 12;
constexpr double kLeastSigma = 0.08;  // seconds: two frames, and what coding moves the nearest one by
constexpr double kOutlier = 2;        // Huber's bound, in sigmas
constexpr double kSurely = 6;         // by how much of chi squared another speed than 1 must be better

double sigma_of(const Point& p, double speed, double spacing) {
  // A still scene may lie anywhere in its rectangle.
  return kLeastSigma + 0.3 * spacing + 0.6 * (p.k_half() + speed * p.q_half());
}

struct Fit {
  Line line;
  double chi;
};

// In sigmas.
double error_of(const Line& line, const Point& p, double speed, double spacing) {
  return std::abs(line.beside(p)) / sigma_of(p, speed, spacing);
}

// Iterated least squares with Huber's weights; with `fixed`, of the offset alone.
Fit fit(const List<Point>& points, const Chain& chain, double spacing, double speed, bool fixed,
        const emp_video_options& options) {
  Line line = {speed, 0};
  for (int round = 0; round < kRounds; ++round) {
    const auto weight_of = [&](const Point& p) {
      const double sigma = sigma_of(p, speed, spacing);
      const double error = round == 0 ? 0 : error_of(line, p, speed, spacing);
      return (error <= kOutlier ? 1 : kOutlier / error) / (sigma * sigma);
    };
    double sum = 0, sum_q = 0, sum_k = 0, over = 0, under = 0;
    for (const uint32_t i : chain.path) {
      const double w = weight_of(points[i]);
      sum += w, sum_q += w * points[i].q(), sum_k += w * points[i].k();
    }
    const double mean_q = sum_q / sum, mean_k = sum_k / sum;
    for (const uint32_t i : chain.path) {
      const double w = weight_of(points[i]), dq = points[i].q() - mean_q;
      over += w * dq * (points[i].k() - mean_k), under += w * dq * dq;
    }
    const double slope =
        fixed || under <= 0 ? speed : std::clamp(over / under, 0.97 * options.min_speed, 1.03 * options.max_speed);
    line = {slope, mean_k - slope * mean_q};
  }
  double chi = 0;
  for (const uint32_t i : chain.path) {
    const double error = error_of(line, points[i], speed, spacing);
    chi += error <= kOutlier ? error * error : kOutlier * (2 * error - kOutlier);
  }
  return {line, chi};
}

}  // namespace

double Line::beside(const Point& p) const { return p.k() - known(p.q()); }

Line fit_line(const List<Point>& points, const Chain& chain, double spacing, const emp_video_options& options) {
  const bool one = options.min_speed <= 1 && options.max_speed >= 1;
  const Fit plain = fit(points, chain, spacing, 1, true, options);
  if (chain.path.size() < 2) return one ? plain.line : fit(points, chain, spacing, chain.speed, true, options).line;
  const Fit free = fit(points, chain, spacing, chain.speed, false, options);
  return one && plain.chi <= free.chi + kSurely ? plain.line : free.line;
}

}  // namespace empreinte
