// Is the answer of the separable weights certainly the exact way's? If not, the exact way is taken.
#pragma once
#include "../empreinte.h"

namespace empreinte {

// How far the reference's rounding drift may take a value of the grid, and a coefficient, from the true one.
struct ErrorBound {
  float grid;
  float base, across, down;
  // For the coefficient of vertical frequency i + 1 and horizontal frequency j + 1.
  float coefficient(int i, int j) const {
    return base + across / static_cast<float>(j + 1) + down / static_cast<float>(i + 1);
  }
};
ErrorBound error_bound(const emp_pixels& pixels);

// True when no coefficient error within the bound can change a bit of the hash (with `dihedral` of any of the eight),
// the quality, or `stable`.
bool certain(const float* coefficients, bool dihedral, uint32_t gradient_sum, uint32_t doubtful,
             const ErrorBound& bound);

}  // namespace empreinte
