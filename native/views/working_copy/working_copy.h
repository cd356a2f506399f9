// The working copy: the image in which views are found, small enough to be sampled many times.
#pragma once
#include "../../empreinte.h"
#include "../../memory.h"
#include "../sampling/sampling_plan.h"
#include "mean.h"

namespace empreinte {

struct WorkingCopy {
  uint32_t width = 0, height = 0;                // of the working copy, at least 5
  uint32_t source_width = 0, source_height = 0;  // of the picture itself
  Array<uint8_t>
      rgb;  // 3 · width · height, interleaved, and kSpare of no meaning; of a grey picture three times the same
  Array<float> luma;  // width · height, 0 … 255, the reference's weights; and a row and a sample more, of no meaning
};

// How large the working copy of `pixels` is, both of whose sides are at least 5, and room for it.
emp_status lay_out(const emp_pixels& pixels, WorkingCopy& out);
// Reduces `pixels` by averaging pixels and shares of pixels to at most kWorkingSide; a smaller one is copied. `done`
// hears of rows whose colours and luma are there, in their order: what else is made of them is made while they are
// near.
emp_status fill(const emp_pixels& pixels, const emp_kernel& kernel, const RowsDone& done, WorkingCopy& out);
// Both.
emp_status make_working_copy(const emp_pixels& pixels, const emp_kernel& kernel, WorkingCopy& out);

}  // namespace empreinte
