// Linear equations of a fixed, small size.
#pragma once
#include <cmath>
#include <utility>

namespace empreinte::local {

// Solves N equations for M right-hand sides, which become the solutions. Returns false if they have none, or many.
template <int N, int M>
bool solve(double (&a)[N][N], double (&b)[N][M]) {
  for (int i = 0; i < N; ++i) {
    int pivot = i;
    for (int r = i + 1; r < N; ++r)
      if (std::abs(a[r][i]) > std::abs(a[pivot][i])) pivot = r;
    if (!(std::abs(a[pivot][i]) >= 1e-10)) return false;
    if (pivot != i) std::swap(a[i], a[pivot]), std::swap(b[i], b[pivot]);
    for (int r = 0; r < N; ++r) {
      if (r == i) continue;
      const double factor = a[r][i] / a[i][i];
      for (int c = i; c < N; ++c) a[r][c] -= factor * a[i][c];
      for (int c = 0; c < M; ++c) b[r][c] -= factor * b[i][c];
    }
  }
  for (int i = 0; i < N; ++i)
    for (int c = 0; c < M; ++c) b[i][c] /= a[i][i];
  return true;
}

}  // namespace empreinte::local
