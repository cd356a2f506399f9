// A small copy of a frame, for views of a video: they need no more than a few hundred pixels across, and a shot's
// frames wait in memory until one is chosen (src/match/video-shots.ts).
#include "../hash/pixels.h"
#include "mean.h"

using namespace empreinte;

emp_status emp_shrink(const emp_pixels* pixels, uint32_t width, uint32_t height, uint8_t* out) {
  const emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  if (width == 0 || height == 0 || width > pixels->width || height > pixels->height) return EMP_BAD_GEOMETRY;
  return pixels->channels == 1 ? mean_picture<1>(*pixels, width, height, out)
                               : mean_picture<3>(*pixels, width, height, out);
}
