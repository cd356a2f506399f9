// The working copy: every sample of it is the mean of the rectangle of samples it stands for, to 1/256 of a share.
#include "picture.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "../hash/pixels.h"
#include "../kernels/kernels.h"

namespace empreinte {
namespace {

// Which of n inputs output i of `outputs` averages, and their shares in 256ths; they add up to 256.
struct Shares {
  Array<uint32_t> start;   // outputs + 1: where the shares of output i begin
  Array<uint32_t> first;   // outputs: the first input of output i
  Array<uint16_t> weight;  // all shares, end to end
};

bool make_shares(uint32_t n, uint32_t outputs, Shares* out) {
  out->start = Array<uint32_t>(outputs + size_t{1});
  out->first = Array<uint32_t>(outputs);
  out->weight = Array<uint16_t>(n + 2 * size_t{outputs});
  if (!out->start || !out->first || !out->weight) return false;
  uint32_t at = 0;
  const double step = static_cast<double>(n) / outputs;
  for (uint32_t i = 0; i < outputs; ++i) {
    const double from = i * step, to = (i + 1) * step;
    const uint32_t first = static_cast<uint32_t>(from);
    const uint32_t last = std::min(n - 1, static_cast<uint32_t>(std::ceil(to)) - 1);
    out->first[i] = first;
    out->start[i] = at;
    uint32_t given = 0;
    for (uint32_t k = first; k <= last; ++k) {
      // Cumulative, so that the shares add up whatever the rounding.
      const double until = (std::min(k + 1.0, to) - from) / step;
      const uint32_t upto = k == last ? 256 : static_cast<uint32_t>(until * 256 + 0.5);
      out->weight[at++] = static_cast<uint16_t>(upto - given);
      given = upto;
    }
  }
  out->start[outputs] = at;
  return true;
}

// One output row of the vertical mean: `samples` bytes a row, values 0 … 255.
void mean_of_rows(const emp_pixels& p, const Shares& down, uint32_t i, uint32_t samples, uint16_t* sum) {
  const uint32_t from = down.start[i], count = down.start[i + 1] - from;
  const uint8_t* row = p.data + size_t{down.first[i]} * p.stride;
  for (uint32_t x = 0; x < samples; ++x) sum[x] = 128;
  uint32_t k = 0;
  // 256 · 255 and the half fit into 16 bits.
  for (; k + 4 <= count; k += 4, row += 4 * p.stride) {
    const uint8_t *a = row, *b = row + p.stride, *c = row + 2 * p.stride, *d = row + 3 * p.stride;
    const uint16_t wa = down.weight[from + k], wb = down.weight[from + k + 1], wc = down.weight[from + k + 2],
                   wd = down.weight[from + k + 3];
    for (uint32_t x = 0; x < samples; ++x)
      sum[x] = static_cast<uint16_t>(sum[x] + wa * a[x] + wb * b[x] + wc * c[x] + wd * d[x]);
  }
  for (; k < count; ++k, row += p.stride) {
    const uint16_t w = down.weight[from + k];
    for (uint32_t x = 0; x < samples; ++x) sum[x] = static_cast<uint16_t>(sum[x] + w * row[x]);
  }
  for (uint32_t x = 0; x < samples; ++x) sum[x] = static_cast<uint16_t>(sum[x] >> 8);
}

// The horizontal mean: a pixel's samples are lanes of 16 bits in one 64-bit word, so that one multiplication weighs
// them all; the fourth lane, the next pixel's first sample, spills over the top. `sum` has four samples more than the
// row.
template <uint32_t Channels>
void mean_of_columns(const uint16_t* sum, const Shares& across, uint32_t width, uint8_t* rgb) {
  for (uint32_t i = 0; i < width; ++i) {
    const uint16_t* in = sum + size_t{across.first[i]} * Channels;
    uint64_t lanes = 0x0080008000800080u;
    for (uint32_t k = across.start[i]; k < across.start[i + 1]; ++k, in += Channels) {
      uint64_t pixel = *in;
      if constexpr (Channels > 1) {
        if constexpr (std::endian::native == std::endian::little)
          std::memcpy(&pixel, in, sizeof(pixel));
        else
          pixel |= uint64_t{in[1]} << 16 | uint64_t{in[2]} << 32;
      }
      lanes += pixel * across.weight[k];
    }
    const uint8_t r = static_cast<uint8_t>(lanes >> 8);
    rgb[3 * i] = r;
    rgb[3 * i + 1] = Channels == 1 ? r : static_cast<uint8_t>(lanes >> 24);
    rgb[3 * i + 2] = Channels == 1 ? r : static_cast<uint8_t>(lanes >> 40);
  }
}

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
    const uint32_t samples = p.width * p.channels;
    Shares across, down;
    Array<uint16_t> sum(samples + size_t{4});
    if (!sum || !make_shares(p.width, width, &across) || !make_shares(p.height, height, &down))
      return EMP_OUT_OF_MEMORY;
    sum.zero();
    for (uint32_t y = 0; y < height; ++y) {
      mean_of_rows(p, down, y, samples, sum.data());
      uint8_t* row = out.rgb.data() + size_t{3} * width * y;
      if (p.channels == 1)
        mean_of_columns<1>(sum.data(), across, width, row);
      else if (p.channels == 3)
        mean_of_columns<3>(sum.data(), across, width, row);
      else
        mean_of_columns<4>(sum.data(), across, width, row);
    }
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
