// A smaller image in which every sample is the mean of the rectangle of samples it stands for, to 1/256 of a share.
#pragma once
#include "../../empreinte.h"

namespace empreinte {

// Unused bytes behind the colours of an image. Code that works on whole vectors reads and writes up to so many more.
constexpr size_t kSpare = 64;

// Called when rows [first, first + count) are ready. `call` may be null.
struct RowsDone {
  void (*call)(void* context, uint32_t first, uint32_t count);
  void* context;
};

// Reduces `p` to `width` by `height` pixels of three samples, neither side longer than before. Rows have no gaps, and
// kSpare bytes follow them.
emp_status mean_image(const emp_pixels& p, const emp_kernel& kernel, uint32_t width, uint32_t height, uint8_t* rgb,
                      const RowsDone& done);

}  // namespace empreinte
