// The working copy, and its luma.
#include "working_copy.h"

#include <algorithm>

#include "../../hash/pixels.h"
#include "../../kernels/kernels.h"
#include "mean.h"

namespace empreinte {
namespace {

void copy_row(const uint8_t* row, uint32_t channels, uint32_t width, uint8_t* rgb) {
  if (channels == 3) {
    std::memcpy(rgb, row, size_t{3} * width);
    return;
  }
  for (uint32_t x = 0; x < width; ++x)
    for (uint32_t c = 0; c < 3; ++c) rgb[3 * x + c] = row[size_t{channels} * x + (channels == 1 ? 0 : c)];
}

struct LumaRows {
  const emp_kernel& kernel;
  const emp_pixels& copy;
  float* luma;
  const RowsDone& done;
  static void make(void* context, uint32_t first, uint32_t count) {
    const LumaRows& to = *static_cast<LumaRows*>(context);
    for (uint32_t y = first; y < first + count; ++y)
      to.kernel.luma_row(to.copy, y, to.luma + size_t{to.copy.width} * y);
    if (to.done.call != nullptr) to.done.call(to.done.context, first, count);
  }
};

uint32_t reduced(uint32_t side, uint32_t longest) {
  const uint64_t share = (uint64_t{side} * kWorkingSide + longest / 2) / longest;
  return std::max<uint32_t>(kLeastSide, static_cast<uint32_t>(share));
}

}  // namespace

emp_status lay_out(const emp_pixels& p, WorkingCopy& out) {
  if (p.width < kLeastSide || p.height < kLeastSide) return EMP_BAD_GEOMETRY;
  const uint32_t longest = std::max(p.width, p.height);
  const bool reduces = longest > kWorkingSide;
  out.width = reduces ? reduced(p.width, longest) : p.width;
  out.height = reduces ? reduced(p.height, longest) : p.height;
  out.source_width = p.width, out.source_height = p.height;
  const size_t count = size_t{out.width} * out.height;
  out.rgb = Array<uint8_t>(3 * count + kSpare);
  out.luma = Array<float>(count + out.width + 1);
  return out.rgb && out.luma ? EMP_OK : EMP_OUT_OF_MEMORY;
}

emp_status fill(const emp_pixels& p, const emp_kernel& kernel, const RowsDone& done, WorkingCopy& out) {
  const uint32_t width = out.width, height = out.height;
  const size_t count = size_t{width} * height;
  std::memset(out.rgb.data() + 3 * count, 0, kSpare);
  for (size_t i = count; i < out.luma.size(); ++i) out.luma[i] = 0;
  const emp_pixels copy = {out.rgb.data(), 3 * count, width, height, 3, size_t{3} * width};
  // Computes a row's luma while the row is in the cache.
  LumaRows luma = {kernel, copy, out.luma.data(), done};
  if (width != p.width || height != p.height)
    return mean_image(p, kernel, width, height, out.rgb.data(), {LumaRows::make, &luma});
  for (uint32_t y = 0; y < height; ++y) {
    copy_row(p.data + size_t{y} * p.stride, p.channels, width, out.rgb.data() + size_t{3} * width * y);
    LumaRows::make(&luma, y, 1);
  }
  return EMP_OK;
}

emp_status make_working_copy(const emp_pixels& p, const emp_kernel& kernel, WorkingCopy& out) {
  const emp_status status = lay_out(p, out);
  return status == EMP_OK ? fill(p, kernel, {nullptr, nullptr}, out) : status;
}

}  // namespace empreinte
