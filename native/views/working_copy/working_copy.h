// The working copy of a query image, from which views are sampled.
#pragma once
#include "../../empreinte.h"
#include "../../memory.h"
#include "../sampling/sampling_plan.h"
#include "mean.h"

namespace empreinte {

struct WorkingCopy {
  uint32_t width = 0, height = 0;                // pixels of the working copy, at least 5
  uint32_t source_width = 0, source_height = 0;  // pixels of the image itself
  Array<uint8_t> rgb;  // 3 · width · height, interleaved, and kSpare unused bytes; a grey image has three equal samples
  Array<float> luma;  // width · height, 0 … 255, by the reference's weights; and an unused row and sample
};

// Sets the size of the working copy of `pixels`, both of whose sides are at least 5 pixels, and allocates it.
emp_status lay_out(const emp_pixels& pixels, WorkingCopy& out);
// Reduces `pixels` to at most kWorkingSide by averaging whole and partial pixels; a smaller image is copied. `done` is
// called when the colours and luma of rows are ready, in their order, so that its caller can use rows while they are in
// the cache.
emp_status fill(const emp_pixels& pixels, const emp_kernel& kernel, const RowsDone& done, WorkingCopy& out);
// Calls lay_out and fill.
emp_status make_working_copy(const emp_pixels& pixels, const emp_kernel& kernel, WorkingCopy& out);

}  // namespace empreinte
