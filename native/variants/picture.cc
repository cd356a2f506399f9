// The working copy: the picture itself, or its mean.
#include "picture.h"

#include <algorithm>

#include "../hash/pixels.h"
#include "../kernels/kernels.h"
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

uint32_t reduced(uint32_t side, uint32_t longest) {
  const uint64_t share = (uint64_t{side} * kPictureSide + longest / 2) / longest;
  return std::max<uint32_t>(kLeastSide, static_cast<uint32_t>(share));
}

}  // namespace

emp_status make_picture(const emp_pixels& p, Picture& out) {
  if (p.width < kLeastSide || p.height < kLeastSide) return EMP_BAD_GEOMETRY;
  const uint32_t longest = std::max(p.width, p.height);
  const bool reduces = longest > kPictureSide;
  const uint32_t width = reduces ? reduced(p.width, longest) : p.width;
  const uint32_t height = reduces ? reduced(p.height, longest) : p.height;
  out.width = width, out.height = height;
  out.source_width = p.width, out.source_height = p.height;
  const size_t count = size_t{width} * height;
  out.rgb = Array<uint8_t>(3 * count);
  out.luma = Array<float>(count + width + 1);
  if (!out.rgb || !out.luma) return EMP_OUT_OF_MEMORY;
  if (reduces) {
    const emp_status status = mean_picture<3>(p, width, height, out.rgb.data());
    if (status != EMP_OK) return status;
  } else {
    for (uint32_t y = 0; y < height; ++y)
      copy_row(p.data + size_t{y} * p.stride, p.channels, width, out.rgb.data() + size_t{3} * width * y);
  }
  const emp_kernel* kernel = nullptr;
  const emp_status status = emp_kernel_find(nullptr, &kernel);
  if (status != EMP_OK) return status;
  const emp_pixels copy = {out.rgb.data(), out.rgb.size(), width, height, 3, size_t{3} * width};
  for (uint32_t y = 0; y < height; ++y) kernel->luma_row(copy, y, out.luma.data() + size_t{width} * y);
  for (size_t i = count; i < out.luma.size(); ++i) out.luma[i] = 0;
  return EMP_OK;
}

}  // namespace empreinte
