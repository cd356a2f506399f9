// Makes the 64×64 samples that a reference hash of the assumed original would have, nearly.
#pragma once
#include "../../empreinte.h"
#include "sampling_plan.h"
#include "../working_copy/working_copy.h"
#include "../geometry/view.h"

namespace empreinte {

// Luma at 1, 1/2, 1/4 … of the working copy; the first level is the copy's own. A row and a sample more follow each
// level. Interpolation between the last two pixels or rows reads them with a weight of 0 and needs no special case.
struct Levels {
  static constexpr uint32_t kMost = 6;
  LumaLevel level[kMost];
  uint32_t count = 0;
  uint32_t source_width, source_height;
  Array<float> room;
  const emp_kernel* kernel;
};

// Sets the sizes of the levels of a working copy that is laid out, and allocates them. `copy` must stay valid as long
// as `out`.
emp_status lay_out(const WorkingCopy& copy, const emp_kernel& kernel, Levels& out);
// Makes the rows of all levels for which rows first … first + count of the copy are the last they need.
void add_rows(uint32_t first, uint32_t count, Levels& out);

// How the original was filtered is unknown. Its size is assumed to be the view's own in pixels of the source, or `side`
// in both directions.
struct Sampling {
  uint32_t side = 0;
  bool quick = false;  // a quarter of the samples, for steps of a search
};

// Samples a view. Returns false when the corners make no proper quadrilateral; the grid then stays as it was.
bool sample_view(const Levels& levels, const View& view, const Sampling& sampling, float grid[EMP_GRID * EMP_GRID]);

// Returns the share of a view's samples in the most frequent of 16³ colour cells, 0 … 1. In photographs one colour
// rarely has more than a tenth. Samples outside the image do not count.
float view_flatness(const WorkingCopy& copy, const View& view);

// Performs steps 4 to 9 of a hash on a grid. `coefficients` may be NULL.
struct GridHash {
  uint8_t hash[EMP_HASH_BYTES];
  int32_t quality;
  bool stable;
};
void hash_grid(const emp_kernel& kernel, const float* grid, GridHash* out, float* coefficients);

}  // namespace empreinte
