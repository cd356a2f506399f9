#include "copy.h"

#include <algorithm>

#include "../../kernels/kernels.h"
#include "../../views/detect/detect.h"
#include "../../views/working_copy/mean.h"

namespace empreinte {
namespace {

uint32_t side_of(uint32_t side, uint32_t longest, uint32_t wanted) {
  const uint64_t share = (uint64_t{side} * wanted + longest / 2) / longest;
  return std::max<uint32_t>(1, static_cast<uint32_t>(share));
}

LocalCopySize scaled(uint32_t width, uint32_t height, uint32_t wanted) {
  const uint32_t longest = std::max(width, height);
  return {side_of(width, longest, wanted), side_of(height, longest, wanted)};
}

// The four samples of the image that a sample of the copy is made of. Their places are continued at the edges.
struct Tap {
  uint32_t at[4];
  float weight[4];
};

// Cubic convolution with a = −3/4.
void make_taps(uint32_t from, uint32_t to, Tap* taps) {
  constexpr double kA = -0.75;
  for (uint32_t i = 0; i < to; ++i) {
    const double place = (i + 0.5) * from / to - 0.5;
    int64_t first = static_cast<int64_t>(place);
    if (static_cast<double>(first) > place) --first;
    const double t = place - static_cast<double>(first), far = 1 + t, near = 1 - t, last = 2 - t;
    const double weight[4] = {((kA * far - 5 * kA) * far + 8 * kA) * far - 4 * kA,
                              ((kA + 2) * t - (kA + 3)) * t * t + 1, ((kA + 2) * near - (kA + 3)) * near * near + 1,
                              ((kA * last - 5 * kA) * last + 8 * kA) * last - 4 * kA};
    for (int64_t k = 0; k < 4; ++k) {
      const int64_t at = std::clamp<int64_t>(first - 1 + k, 0, int64_t{from} - 1);
      taps[i].at[k] = static_cast<uint32_t>(at);
      taps[i].weight[k] = static_cast<float>(weight[k]);
    }
  }
}

emp_status enlarge(const float* in, uint32_t width, uint32_t height, LumaCopy& out) {
  Array<Tap> across(out.width), down(out.height);
  Array<float> row(width);
  if (!across || !down || !row) return EMP_OUT_OF_MEMORY;
  make_taps(width, out.width, across.data());
  make_taps(height, out.height, down.data());
  for (uint32_t y = 0; y < out.height; ++y) {
    const Tap& v = down[y];
    const float* from[4];
    for (size_t k = 0; k < 4; ++k) from[k] = in + size_t{width} * v.at[k];
    for (uint32_t x = 0; x < width; ++x)
      row[x] =
          v.weight[0] * from[0][x] + v.weight[1] * from[1][x] + v.weight[2] * from[2][x] + v.weight[3] * from[3][x];
    float* to = out.luma.data() + size_t{out.width} * y;
    for (uint32_t x = 0; x < out.width; ++x) {
      const Tap& h = across[x];
      to[x] = h.weight[0] * row[h.at[0]] + h.weight[1] * row[h.at[1]] + h.weight[2] * row[h.at[2]] +
              h.weight[3] * row[h.at[3]];
    }
  }
  return EMP_OK;
}

// Colours of at most the copy's size, as three samples each.
emp_status reduce(const emp_pixels& p, const emp_kernel& kernel, uint32_t width, uint32_t height, uint8_t* rgb) {
  if (width != p.width || height != p.height) return mean_image(p, kernel, width, height, rgb, {nullptr, nullptr});
  for (uint32_t y = 0; y < height; ++y) {
    const uint8_t* row = p.data + size_t{y} * p.stride;
    uint8_t* to = rgb + size_t{3} * width * y;
    for (size_t x = 0; x < width; ++x)
      for (size_t c = 0; c < 3; ++c) to[3 * x + c] = row[p.channels * x + (p.channels == 1 ? 0 : c)];
  }
  return EMP_OK;
}

}  // namespace

LocalCopySize registered_copy_size(uint32_t width, uint32_t height) {
  const uint32_t longest = std::max(width, height);
  return scaled(width, height, longest > kRegisteredSide / kMostEnlarged ? kRegisteredSide : longest * kMostEnlarged);
}

LocalCopySize query_copy_size(uint32_t width, uint32_t height) {
  const uint32_t longest = std::max(width, height);
  if (longest > kQuerySide) return scaled(width, height, kQuerySide);
  if (longest >= kLeastCopySide) return {width, height};
  return scaled(width, height, std::min(kLeastCopySide, longest * kMostEnlarged));
}

emp_status make_luma_copy(const emp_pixels& p, const emp_kernel& kernel, LocalCopySize size, LumaCopy& out) {
  out.width = size.width, out.height = size.height;
  // A side that is longer than its copy is reduced first; what is still shorter is enlarged.
  const uint32_t width = std::min(p.width, size.width), height = std::min(p.height, size.height);
  const size_t count = size_t{width} * height;
  Array<uint8_t> rgb(3 * count + kSpare);
  out.luma = Array<float>(size_t{out.width} * out.height + 16);
  if (!rgb || !out.luma) return EMP_OUT_OF_MEMORY;
  std::memset(rgb.data() + 3 * count, 0, kSpare);
  const emp_status status = reduce(p, kernel, width, height, rgb.data());
  if (status != EMP_OK) return status;
  out.flat = flatness_of(rgb.data(), width, height);
  const bool enlarges = width != out.width || height != out.height;
  Array<float> small(enlarges ? count + 16 : 0);
  if (enlarges && !small) return EMP_OUT_OF_MEMORY;
  float* luma = enlarges ? small.data() : out.luma.data();
  const emp_pixels copy = {rgb.data(), 3 * count, width, height, 3, size_t{3} * width};
  for (uint32_t y = 0; y < height; ++y) kernel.luma_row(copy, y, luma + size_t{width} * y);
  return enlarges ? enlarge(luma, width, height, out) : EMP_OK;
}

}  // namespace empreinte
