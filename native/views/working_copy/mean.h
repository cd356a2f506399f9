// A smaller picture: every sample of it is the mean of the rectangle of samples it stands for, to 1/256 of a share.
#pragma once
#include "../../empreinte.h"

namespace empreinte {

// Behind the colours of a picture: what works on whole vectors reads and writes up to so many bytes more.
constexpr size_t kSpare = 64;

// Called when rows [first, first + count) are there. `call` may be null.
struct RowsDone {
  void (*call)(void* context, uint32_t first, uint32_t count);
  void* context;
};

// Into `width` by `height` pixels of three samples, neither side longer than that of `p`, rows without gaps, kSpare
// bytes behind them.
emp_status mean_image(const emp_pixels& p, const emp_kernel& kernel, uint32_t width, uint32_t height, uint8_t* rgb,
                      const RowsDone& done);

}  // namespace empreinte
