// From a view to the 64×64 grid that a reference hash of the assumed original would have, nearly.
#pragma once
#include "../../empreinte.h"
#include "sampling_plan.h"
#include "../working_copy/working_copy.h"
#include "../geometry/view.h"

namespace empreinte {

// Luma at 1, 1/2, 1/4 … of the working copy, the first of them its own. Behind each level lies a row and a sample more:
// a look between the last two pixels, or rows, reads them with a weight of 0 and needs no question.
struct Levels {
  static constexpr uint32_t kMost = 6;
  LumaLevel level[kMost];
  uint32_t count = 0;
  uint32_t source_width, source_height;
  Array<float> room;
  const emp_kernel* kernel;
};

// The sizes of the levels of a picture that is laid out, and room for them. `picture` has to stay as long as `out`.
emp_status lay_out(const WorkingCopy& copy, const emp_kernel& kernel, Levels& out);
// The rows of all levels that rows first … first + count of the picture are the last of.
void add_rows(uint32_t first, uint32_t count, Levels& out);

// How the original of a view was filtered is not known; its size is taken to be the view's own in pixels of the source,
// or, with `side`, that one in both directions.
struct Sampling {
  uint32_t side = 0;
  bool quick = false;  // a quarter of the samples: for steps of a search, not for an answer
};

// False where the corners make no proper quadrilateral: the grid is then left as it was.
bool sample_view(const Levels& levels, const View& view, const Sampling& sampling, float grid[EMP_GRID * EMP_GRID]);

// The share of a view's samples in the fullest of 16³ colour cells, 0 … 1: what tells drawings from photographs, in
// which one colour rarely holds more than a tenth. Samples outside the picture are not counted.
float view_flatness(const WorkingCopy& copy, const View& view);

// Steps 4 to 9 of a hash on a grid. `coefficients` may be NULL.
struct GridHash {
  uint8_t hash[EMP_HASH_BYTES];
  int32_t quality;
  bool stable;
};
void hash_grid(const emp_kernel& kernel, const float* grid, GridHash* out, float* coefficients);

}  // namespace empreinte
