#include "bits.h"

namespace empreinte {
namespace {

// Whether an orientation is transposed, and whether its rows and columns change signs: s_i is −1 for even i, else +1.
struct Orientation {
  bool transpose, sign_i, sign_j;
};
constexpr Orientation kOrientations[8] = {
    {false, false, false},  // orig
    {true, false, true},    // rot90, counter-clockwise
    {false, true, true},    // rot180
    {true, true, false},    // rot270
    {false, true, false},   // flipX, top to bottom
    {false, false, true},   // flipY, the mirror image
    {true, false, false},   // flipPlus1
    {true, true, true},     // flipMinus1
};

}  // namespace

void dihedral_coefficients(const float* coefficients, int orientation, float* out) {
  const Orientation v = kOrientations[orientation];
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) {
      const bool negative = (v.sign_i && i % 2 == 0) != (v.sign_j && j % 2 == 0);
      const float value = coefficients[16 * i + j];
      out[v.transpose ? 16 * j + i : 16 * i + j] = negative ? -value : value;
    }
}

}  // namespace empreinte
