// Exponentials, sines and cosines from additions, multiplications and divisions alone, because those of C libraries may
// differ in the last bit. All platforms compute the same.
#pragma once
#include <cstdint>

namespace empreinte {

// 2^x for −1000 ≤ x ≤ 1000, to about 1e-15.
constexpr double power_of_two(double x) {
  int32_t whole = static_cast<int32_t>(x);
  if (whole > x) --whole;
  const double y = (x - whole) * 0.69314718055994530942;
  double sum = 1;
  for (int k = 18; k > 0; --k) sum = 1 + sum * y / k;
  for (; whole > 0; --whole) sum *= 2;
  for (; whole < 0; ++whole) sum *= 0.5;
  return sum;
}

// e^x for −600 ≤ x ≤ 600.
constexpr double exponential(double x) { return power_of_two(x * 1.4426950408889634074); }

// The same for all of x[0 … count − 1], to the same bits. In one value each division waits for the one before; those of
// several go on together.
inline void exponentials(double* x, int32_t count) {
  constexpr int32_t kTogether = 8;
  for (int32_t first = 0; first < count; first += kTogether) {
    const int32_t n = count - first < kTogether ? count - first : kTogether;
    double y[kTogether] = {}, sum[kTogether];
    int32_t whole[kTogether] = {};
    for (int32_t i = 0; i < n; ++i) {
      const double power = x[first + i] * 1.4426950408889634074;
      whole[i] = static_cast<int32_t>(power);
      if (whole[i] > power) --whole[i];
      y[i] = (power - whole[i]) * 0.69314718055994530942;
    }
    for (double& s : sum) s = 1;
    for (int k = 18; k > 0; --k)
      for (int32_t i = 0; i < kTogether; ++i) sum[i] = 1 + sum[i] * y[i] / k;
    for (int32_t i = 0; i < n; ++i) {
      for (; whole[i] > 0; --whole[i]) sum[i] *= 2;
      for (; whole[i] < 0; ++whole[i]) sum[i] *= 0.5;
      x[first + i] = sum[i];
    }
  }
}

struct Direction {
  float cosine, sine;
};

// For an angle of 0 … 2π.
inline Direction direction_of(float angle) {
  constexpr double kQuarter = 1.5707963267948966192;
  const int32_t quarter = static_cast<int32_t>(angle / kQuarter + 0.5);
  const double r = angle - quarter * kQuarter, z = -r * r;
  double cosine = 1, sine = 1;
  for (int k = 8; k > 0; --k) {
    cosine = 1 + cosine * z / ((2 * k - 1) * (2 * k));
    sine = 1 + sine * z / ((2 * k) * (2 * k + 1));
  }
  const float c = static_cast<float>(cosine), s = static_cast<float>(sine * r);
  switch (quarter & 3) {
    case 0:
      return {c, s};
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    default:
      return {s, -c};
  }
}

}  // namespace empreinte
