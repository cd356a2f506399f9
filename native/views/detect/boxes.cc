// Finds boxes of a video frame that may contain another image, with the detectors whose views are upright and cheap
// enough for every shot. Other frames of the shot decide which box is right (src/video-index/trim-shots.ts).
#include <algorithm>

#include "detect.h"

using namespace empreinte;

emp_status emp_frame_boxes(const emp_pixels* pixels, emp_box* out, size_t* count) {
  *count = 0;
  emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  if (std::min(pixels->width, pixels->height) < EMP_BOX_LEAST) return EMP_OK;
  const emp_kernel* kernel = nullptr;
  WorkingCopy copy;
  HalfResolution half;
  if ((status = emp_kernel_find(nullptr, &kernel)) != EMP_OK ||
      (status = make_working_copy(*pixels, *kernel, copy)) != EMP_OK ||
      (status = make_half_resolution(copy, *kernel, half)) != EMP_OK)
    return status;
  View room[EMP_BOXES_MOST];
  Views views(room, EMP_BOXES_MOST);
  if ((status = find_trims(copy, half, views)) != EMP_OK || (status = find_rectangles(copy, half, views)) != EMP_OK)
    return status;
  for (size_t i = 0; i < views.size(); ++i) {
    const View& view = views[i];
    const auto within = [](float share) { return std::clamp(share, 0.0f, 1.0f); };
    const emp_box box = {within((view.x[0] + view.x[3]) / 2), within((view.y[0] + view.y[1]) / 2),
                         within((view.x[1] + view.x[2]) / 2), within((view.y[2] + view.y[3]) / 2)};
    if (box.left < box.right && box.top < box.bottom) out[(*count)++] = box;
  }
  return EMP_OK;
}
