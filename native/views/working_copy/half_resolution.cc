#include "half_resolution.h"

#include <algorithm>

#include "../../kernels/kernels.h"

namespace empreinte {
namespace {

constexpr uint32_t kLongestAsItIs = 512, kNarrowest = 64;

// Reduces two rows of a block to one of half a block. It works in whole blocks, so compilers make vector code of it.
void halve_block(const uint8_t* above, const uint8_t* below, uint8_t* __restrict out) {
  uint16_t a[kBlock / 2], b[kBlock / 2];
  std::memcpy(a, above, kBlock);
  std::memcpy(b, below, kBlock);
  for (size_t k = 0; k < kBlock / 2; ++k) {
    const uint16_t first = static_cast<uint16_t>((a[k] & 255) + (a[k] >> 8));
    const uint16_t second = static_cast<uint16_t>((b[k] & 255) + (b[k] >> 8));
    out[k] = static_cast<uint8_t>(static_cast<uint16_t>(first + second + 2) >> 2);
  }
}

void finish_row(uint8_t* row, uint32_t width, uint32_t stride) {
  std::memset(row + width, row[width - 1], stride - width);
}

bool make_planes(HalfResolution& s) {
  s.stride = (s.width + kBlock - 1) / kBlock * kBlock;
  s.planes = Array<uint8_t>(2 * s.plane() + kBlock);
  if (!s.planes) return false;
  std::memset(s.planes.data() + 2 * s.plane(), 0, kBlock);
  return true;
}

}  // namespace

emp_status lay_out(const WorkingCopy& copy, HalfResolution& out) {
  const uint32_t longest = std::max(copy.width, copy.height), least = std::min(copy.width, copy.height);
  out.scale = longest > kLongestAsItIs && least >= kNarrowest ? 2 : 1;
  out.width = copy.width / out.scale;
  out.height = copy.height / out.scale;
  const size_t samples = size_t{3} * out.width * out.height;
  out.rgb = Array<uint8_t>(samples + kSpare);
  if (!out.rgb || !make_planes(out)) return EMP_OUT_OF_MEMORY;
  std::memset(out.rgb.data() + samples, 0, kSpare);
  return EMP_OK;
}

void add_rows(const WorkingCopy& copy, const emp_kernel& kernel, uint32_t first, uint32_t count, HalfResolution& out) {
  const size_t from_row = size_t{3} * copy.width, to_row = size_t{3} * out.width;
  for (uint32_t last = first; last < first + count; ++last) {
    const uint32_t y = last / out.scale;
    if (last % out.scale + 1 != out.scale || y >= out.height) continue;
    uint8_t* rgb = out.rgb.data() + y * to_row;
    const uint8_t* from = copy.rgb.data() + y * out.scale * from_row;
    if (out.scale == 2)
      kernel.halve_colours(from, from + from_row, out.width, rgb);
    else
      std::memcpy(rgb, from, to_row);
    uint8_t *luma = out.row(y), *hue = luma + out.plane();
    kernel.planes_of(rgb, out.width, luma, hue);
    finish_row(luma, out.width, out.stride);
    finish_row(hue, out.width, out.stride);
  }
}

emp_status make_half_resolution(const WorkingCopy& copy, const emp_kernel& kernel, HalfResolution& out) {
  const emp_status status = lay_out(copy, out);
  if (status == EMP_OK) add_rows(copy, kernel, 0, copy.height, out);
  return status;
}

emp_status halve(const HalfResolution& half, HalfResolution& out) {
  out.scale = half.scale * 2;
  out.width = std::max(1u, half.width / 2);
  out.height = std::max(1u, half.height / 2);
  if (!make_planes(out)) return EMP_OUT_OF_MEMORY;
  for (uint32_t y = 0; y < out.height; ++y) {
    for (size_t plane = 0; plane < 2; ++plane) {
      const uint8_t* above = half.row(2 * y) + plane * half.plane();
      const uint8_t* below = half.row(std::min(2 * y + 1, half.height - 1)) + plane * half.plane();
      uint8_t* to = out.row(y) + plane * out.plane();
      for (size_t x = 0; x < out.width; x += kBlock / 2) halve_block(above + 2 * x, below + 2 * x, to + x);
      finish_row(to, out.width, out.stride);
    }
  }
  return EMP_OK;
}

}  // namespace empreinte
