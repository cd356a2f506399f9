// Decides whether the fast method certainly gives the exact method's hash. Otherwise the exact method follows.
#pragma once
#include "../empreinte.h"

namespace empreinte {

// How far the reference's rounding drift may move a value of the grid or a coefficient from the true one.
struct ErrorBound {
  float grid;
  float base, across, down;
  // Returns the bound of the coefficient with vertical frequency i + 1 and horizontal frequency j + 1.
  float coefficient(int i, int j) const {
    return base + across / static_cast<float>(j + 1) + down / static_cast<float>(i + 1);
  }
};
ErrorBound error_bound(const emp_pixels& pixels);

// Returns true when no coefficient error within the bound can change a bit of the hash, the quality or `stable`. With
// `dihedral` it also covers the bits of all eight hashes.
bool certain(const float* coefficients, bool dihedral, uint32_t gradient_sum, uint32_t doubtful,
             const ErrorBound& bound);

}  // namespace empreinte
