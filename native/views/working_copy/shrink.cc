// A small copy of a video frame. Views of a video need no more than a few hundred pixels across, and the frames of a
// shot wait in memory until one view is chosen (src/video-index/shot-frames.ts).
#include "../../hash/pixels.h"
#include "../../memory.h"
#include "mean.h"

using namespace empreinte;

emp_status emp_shrink(const emp_pixels* pixels, uint32_t width, uint32_t height, uint8_t* out) {
  const emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  if (width == 0 || height == 0 || width > pixels->width || height > pixels->height) return EMP_BAD_GEOMETRY;
  const emp_kernel* kernel;
  const emp_status found = emp_kernel_find(nullptr, &kernel);
  if (found != EMP_OK) return found;
  const size_t count = size_t{width} * height;
  Array<uint8_t> rgb(3 * count + kSpare);
  if (!rgb) return EMP_OUT_OF_MEMORY;
  const emp_status made = mean_image(*pixels, *kernel, width, height, rgb.data(), {nullptr, nullptr});
  if (made != EMP_OK) return made;
  if (pixels->channels != 1) {
    std::memcpy(out, rgb.data(), 3 * count);
    return EMP_OK;
  }
  for (size_t i = 0; i < count; ++i) out[i] = rgb[3 * i];
  return EMP_OK;
}
