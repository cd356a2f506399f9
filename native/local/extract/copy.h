// The working copy that points are found in: luma as floats.
#pragma once
#include "../point.h"

namespace empreinte {

struct LumaCopy {
  uint32_t width = 0, height = 0;  // pixels
  Array<float> luma;               // width · height, 0 … 255 (a little beyond where an image was enlarged)
  float flat = 0;                  // the share of the most frequent colour: views/detect/detect.h
};

// Reduces by means of whole and partial pixels, or enlarges by cubic interpolation.
emp_status make_luma_copy(const emp_pixels& pixels, const emp_kernel& kernel, LocalCopySize size, LumaCopy& out);

}  // namespace empreinte
