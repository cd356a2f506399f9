// The means that make the working copy and its half resolution, a row at a time.
// Included inside a kernel's target region: templates over the lanes L, and plain loops of a fixed length, which
// compilers turn into that processor's vectors.

// Computes the weighted sum of two or three rows in one pass.
static inline void mean_of_three_rows(const uint8_t* __restrict a, const uint8_t* __restrict b,
                                      const uint8_t* __restrict c, uint16_t u, uint16_t v, uint16_t w, uint32_t samples,
                                      uint16_t* __restrict sum) {
  for (size_t x = 0; x < samples; ++x) sum[x] = static_cast<uint16_t>(128 + u * a[x] + v * b[x] + w * c[x]) >> 8;
}
static inline void mean_of_two_rows(const uint8_t* __restrict a, const uint8_t* __restrict b, uint16_t v, uint16_t w,
                                    uint32_t samples, uint16_t* __restrict sum) {
  for (size_t x = 0; x < samples; ++x) sum[x] = static_cast<uint16_t>(128 + v * a[x] + w * b[x]) >> 8;
}

// Writes the weighted mean of rows of bytes, values 0 … 255; the weights add up to 256. `sum` may be written up to a
// whole block.
static void mean_of_rows(const uint8_t* rows, size_t stride, const uint16_t* weight, uint32_t count, uint32_t samples,
                         uint16_t* sum) {
  // An image of one or two megapixels has two or three rows for each row of the copy.
  if (count == 2) return mean_of_two_rows(rows, rows + stride, weight[0], weight[1], samples, sum);
  if (count == 3)
    return mean_of_three_rows(rows, rows + stride, rows + 2 * stride, weight[0], weight[1], weight[2], samples, sum);
  constexpr uint32_t kWidth = 128;
  for (uint32_t x = 0; x < samples; x += kWidth) {
    const uint32_t n = samples - x < kWidth ? samples - x : kWidth;
    uint16_t block[kWidth];
    for (uint32_t i = 0; i < kWidth; ++i) block[i] = 128;
    // 256 · 255 and the half fit into 16 bits.
    const auto add = [&](const uint8_t* __restrict a, uint16_t w) {
      for (uint32_t i = 0; i < kWidth; ++i) block[i] = static_cast<uint16_t>(block[i] + w * a[i]);
    };
    const auto add_two = [&](const uint8_t* __restrict a, const uint8_t* __restrict b, uint16_t v, uint16_t w) {
      for (uint32_t i = 0; i < kWidth; ++i) block[i] = static_cast<uint16_t>(block[i] + v * a[i] + w * b[i]);
    };
    const uint8_t* row = rows + x;
    if (n == kWidth) {
      uint32_t k = 0;
      for (; k + 2 <= count; k += 2, row += 2 * stride) add_two(row, row + stride, weight[k], weight[k + 1]);
      if (k < count) add(row, weight[k]);
    } else {
      uint8_t padded[kWidth] = {};
      for (uint32_t k = 0; k < count; ++k, row += stride) {
        std::memcpy(padded, row, n);
        add(padded, weight[k]);
      }
    }
    uint16_t* __restrict to = sum + x;
    for (uint32_t i = 0; i < kWidth; ++i) to[i] = static_cast<uint16_t>(block[i] >> 8);
  }
}

// Handles four columns of pixels at a time, so that their sources are looked up once.
template <class L, uint32_t Taps>
static void mean_of_columns_by(const SummedRows& c) {
  const uint32_t taps = Taps > 0 ? Taps : c.taps;
  const uint16_t* weight = c.weight;
  for (uint32_t i = 0; i < c.width; i += 4, weight += 16 * taps) {
    const uint16_t* from[4];
    for (uint32_t k = 0; k < 4; ++k) from[k] = c.sums + size_t{c.channels} * c.first[i + k];
    uint8_t* rgb = c.rgb + size_t{3} * i;
    // Four pixels are stored with four bytes behind them, which the next four overwrite.
    const uint32_t last = c.width - i < 6 ? 3 * (c.width - i < 4 ? c.width - i : 4) : 0;
    for (uint32_t y = 0; y < c.rows; ++y, rgb += c.rgb_stride) {
      typename L::Pixels mean = L::half_pixels();
      for (uint32_t at = 0, k = 0; k < taps; ++k, at += c.channels)
        mean = L::weigh_pixels(mean, from[0] + at, from[1] + at, from[2] + at, from[3] + at, weight + 16 * k);
      for (const uint16_t*& place : from) place += c.sums_stride;
      if (last == 0) {
        L::store_pixels(rgb, mean);
      } else {
        uint8_t four[16];
        L::store_pixels(four, mean);
        for (uint32_t k = 0; k < last; ++k) rgb[k] = four[k];
      }
    }
  }
}

template <class L>
static void mean_of_columns(const SummedRows& c) {
  if (L::mean_of_columns(c)) return;
  // An image of one or two megapixels has two or three taps.
  if (c.taps == 2) return mean_of_columns_by<L, 2>(c);
  if (c.taps == 3) return mean_of_columns_by<L, 3>(c);
  mean_of_columns_by<L, 0>(c);
}

// Writes the means of two rows, rounded up.
static inline uint8_t mean_of_two(uint8_t a, uint8_t b) { return static_cast<uint8_t>((a + b + 1) >> 1); }

// Reduces two rows of 2 · width RGB pixels to one, each pixel the mean of two by two. The result is at most half a
// working copy wide. It computes (a + b + c + d + 2) / 4 without wider samples: the mean of two means is one too large
// where one of them was rounded and their sum is odd.
template <class L>
static void halve_colours(const uint8_t* __restrict above, const uint8_t* __restrict below, uint32_t width,
                          uint8_t* rgb) {
  // Computes the mean of every sample and the one three further, half of which are used. It does so for the whole row
  // first, because what was just stored cannot be read in other pieces before it has left the processor.
  uint8_t mean[3 * empreinte::kWorkingSide];
  for (size_t i = 0; i + 3 < size_t{6} * width; ++i) {
    const uint8_t a = above[i], b = above[i + 3], c = below[i], d = below[i + 3];
    const uint8_t first = mean_of_two(a, b), second = mean_of_two(c, d);
    mean[i] = static_cast<uint8_t>(mean_of_two(first, second) - (((a ^ b) | (c ^ d)) & (first ^ second) & 1));
  }
  uint32_t x = 0;
  for (; x + 6 <= width; x += 3) L::every_other_pixel(mean + size_t{6} * x, rgb + size_t{3} * x);
  for (; x < width; ++x) std::memcpy(rgb + size_t{3} * x, mean + size_t{6} * x, 3);
}

// Makes the two planes (half_resolution.h) of a row of RGB pixels that is no longer than a working copy.
template <class L>
static void planes_of(const uint8_t* rgb, uint32_t width, uint8_t* __restrict luma, uint8_t* __restrict hue) {
  uint8_t r[empreinte::kWorkingSide + 16], g[empreinte::kWorkingSide + 16], b[empreinte::kWorkingSide + 16];
  uint32_t x = 0;
  for (; x + 16 <= width; x += 16) L::split_pixels(rgb + size_t{3} * x, r + x, g + x, b + x);
  uint8_t last[48] = {};
  std::memcpy(last, rgb + size_t{3} * x, size_t{3} * (width - x));
  L::split_pixels(last, r + x, g + x, b + x);
  for (size_t i = 0; i < width; ++i) {
    luma[i] = static_cast<uint8_t>(static_cast<uint16_t>(77 * r[i] + 150 * g[i] + 29 * b[i] + 128) >> 8);
    // 128 + (red − blue)/2.
    hue[i] = mean_of_two(r[i], static_cast<uint8_t>(~b[i]));
  }
}

// Reduces two rows of 2 · width floats to one of half the width.
static void halve_luma(const float* above, const float* below, uint32_t width, float* __restrict out) {
  for (size_t x = 0; x < width; ++x)
    out[x] = 0.25f * (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]);
}
