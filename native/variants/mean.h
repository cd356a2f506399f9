// A smaller picture: every sample of it is the mean of the rectangle of samples it stands for, to 1/256 of a share.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "../empreinte.h"
#include "../memory.h"

namespace empreinte {

// Which of n inputs output i of `outputs` averages, and their shares in 256ths; they add up to 256.
struct Shares {
  Array<uint32_t> start;   // outputs + 1: where the shares of output i begin
  Array<uint32_t> first;   // outputs: the first input of output i
  Array<uint16_t> weight;  // all shares, end to end
};

inline bool make_shares(uint32_t n, uint32_t outputs, Shares* out) {
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
inline void mean_of_rows(const emp_pixels& p, const Shares& down, uint32_t i, uint32_t samples, uint16_t* sum) {
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
template <uint32_t Channels, uint32_t Out>
void mean_of_columns(const uint16_t* sum, const Shares& across, uint32_t width, uint8_t* out) {
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
    for (uint32_t c = 0; c < Out; ++c)
      out[Out * i + c] = static_cast<uint8_t>(lanes >> (Channels == 1 ? 8 : 8 + 16 * c));
  }
}

// Into rows of `Out` samples a pixel, without gaps: 3, or 1 of a grey picture. Neither side may be the longer one.
template <uint32_t Out>
emp_status mean_picture(const emp_pixels& p, uint32_t width, uint32_t height, uint8_t* out) {
  const uint32_t samples = p.width * p.channels;
  Shares across, down;
  Array<uint16_t> sum(samples + size_t{4});
  if (!sum || !make_shares(p.width, width, &across) || !make_shares(p.height, height, &down)) return EMP_OUT_OF_MEMORY;
  sum.zero();
  for (uint32_t y = 0; y < height; ++y) {
    mean_of_rows(p, down, y, samples, sum.data());
    uint8_t* row = out + size_t{Out} * width * y;
    if (p.channels == 1)
      mean_of_columns<1, Out>(sum.data(), across, width, row);
    else if (p.channels == 3)
      mean_of_columns<3, Out>(sum.data(), across, width, row);
    else
      mean_of_columns<4, Out>(sum.data(), across, width, row);
  }
  return EMP_OK;
}

}  // namespace empreinte
