#include "mean.h"

#include <algorithm>
#include <cmath>

#include "../../kernels/kernels.h"
#include "../../memory.h"

namespace empreinte {
namespace {

// The inputs that each output averages, and their shares in 256ths, which add up to 256.
struct Shares {
  uint32_t most = 0;       // the most inputs of an output
  Array<uint32_t> first;   // outputs: the first input of output i
  Array<uint32_t> start;   // outputs + 1: where the shares of output i begin
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
      // The shares are differences of cumulative values, so that they add up whatever the rounding.
      const double until = (std::min(k + 1.0, to) - from) / step;
      const uint32_t upto = k == last ? 256 : static_cast<uint32_t>(until * 256 + 0.5);
      out->weight[at++] = static_cast<uint16_t>(upto - given);
      given = upto;
    }
    out->most = std::max(out->most, at - out->start[i]);
  }
  out->start[outputs] = at;
  return true;
}

// The shares of a row in the layout of the kernels (reduce.h).
struct Columns {
  Array<uint32_t> first;
  Array<uint16_t> weight;
};

bool make_columns(const Shares& shares, Columns* out) {
  const size_t outputs = shares.first.size(), padded = (outputs + 7) / 8 * 8;
  out->first = Array<uint32_t>(padded);
  out->weight = Array<uint16_t>(padded * shares.most * 4);
  if (!out->first || !out->weight) return false;
  out->first.zero();
  out->weight.zero();
  for (size_t i = 0; i < outputs; ++i) {
    out->first[i] = shares.first[i];
    const uint32_t from = shares.start[i], count = shares.start[i + 1] - from;
    for (size_t k = 0; k < count; ++k)
      std::fill_n(out->weight.data() + 16 * (i / 4 * shares.most + k) + 4 * (i % 4), 4, shares.weight[from + k]);
  }
  return true;
}

// Rows that are reduced together.
constexpr uint32_t kRows = 8;

}  // namespace

emp_status mean_image(const emp_pixels& p, const emp_kernel& kernel, uint32_t width, uint32_t height, uint8_t* rgb,
                      const RowsDone& done) {
  const uint32_t samples = p.width * p.channels, channels = std::max(3u, p.channels);
  Shares across, down;
  Columns columns;
  if (!make_shares(p.width, width, &across) || !make_shares(p.height, height, &down) || !make_columns(across, &columns))
    return EMP_OUT_OF_MEMORY;
  // Sums are written in blocks of 128. A pixel without weight may be read after the last.
  const size_t stride = channels * (size_t{p.width} + across.most) + 128;
  Array<uint16_t> grey(samples + size_t{128}), sums(kRows * stride + 128);
  if (!grey || !sums) return EMP_OUT_OF_MEMORY;
  sums.zero();
  SummedRows rows = {sums.data(), stride,      nullptr, size_t{3} * width,    0,
                     channels,    across.most, width,   columns.first.data(), columns.weight.data()};
  for (uint32_t top = 0; top < height; top += kRows) {
    rows.rows = std::min(kRows, height - top);
    for (uint32_t y = 0; y < rows.rows; ++y) {
      const uint32_t from = down.start[top + y], count = down.start[top + y + 1] - from;
      uint16_t* row = sums.data() + y * stride;
      kernel.mean_of_rows(p.data + size_t{down.first[top + y]} * p.stride, p.stride, down.weight.data() + from, count,
                          samples, p.channels == 1 ? grey.data() : row);
      for (uint32_t x = 0; p.channels == 1 && x < samples; ++x)
        for (uint32_t c = 0; c < 3; ++c) row[3 * x + c] = grey[x];
    }
    rows.rgb = rgb + size_t{3} * width * top;
    kernel.mean_of_columns(rows);
    if (done.call != nullptr) done.call(done.context, top, rows.rows);
  }
  return EMP_OK;
}

}  // namespace empreinte
