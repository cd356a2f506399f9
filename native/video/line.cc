#include "line.h"

#include <algorithm>
#include <cmath>

namespace empreinte {
namespace {

constexpr int kRounds = 12;
constexpr double kLeastSigma = 0.08;  // seconds: two frames, because coding may make a neighbour the nearest
constexpr double kOutlier = 2;        // Huber's bound, in sigmas
constexpr double kSurely = 6;         // how much less chi squared a speed other than 1 must have

// How a point pulls at a line. A line within the uncertainty of the point's place is pulled gently to the middle. A
// line beyond it is pulled to the nearer edge, by Huber's weight when it is far.
struct Pull {
  double target, weight;  // seconds of the known video
  double error;           // in sigmas, beyond the uncertainty
};

Pull pull_of(const Line& line, const Point& p, double speed, double spacing) {
  const double unknown = p.unknown(speed), beside = line.beside(p), beyond = std::abs(beside) - unknown;
  const double sharp = kLeastSigma + 0.3 * spacing, soft = sharp + 0.6 * unknown;
  if (beyond <= 0) return {p.k(), 1 / (soft * soft), 0};
  const double error = beyond / sharp;
  return {p.k() - std::copysign(unknown, beside), (error <= kOutlier ? 1 : kOutlier / error) / (sharp * sharp), error};
}

struct Fit {
  Line line;
  double chi;
};

// Fits a line by iterated least squares, starting with the middles. With `fixed` it fits only the offset.
Fit fit(const List<Point>& points, const Chain& chain, double spacing, double speed, bool fixed,
        const emp_video_options& options) {
  Line line = {speed, 0};
  for (int round = 0; round < kRounds; ++round) {
    const auto pull = [&](const Point& p) {
      if (round > 0) return pull_of(line, p, speed, spacing);
      return pull_of({speed, p.k() - speed * p.q()}, p, speed, spacing);
    };
    double sum = 0, sum_q = 0, sum_k = 0, over = 0, under = 0;
    for (const uint32_t i : chain.path) {
      const Pull u = pull(points[i]);
      sum += u.weight, sum_q += u.weight * points[i].q(), sum_k += u.weight * u.target;
    }
    const double mean_q = sum_q / sum, mean_k = sum_k / sum;
    for (const uint32_t i : chain.path) {
      const Pull u = pull(points[i]);
      const double dq = points[i].q() - mean_q;
      over += u.weight * dq * (u.target - mean_k), under += u.weight * dq * dq;
    }
    const double slope =
        fixed || under <= 0 ? speed : std::clamp(over / under, 0.97 * options.min_speed, 1.03 * options.max_speed);
    line = {slope, mean_k - slope * mean_q};
  }
  double chi = 0;
  for (const uint32_t i : chain.path) {
    const double error = pull_of(line, points[i], speed, spacing).error;
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
