// The means that make the working copy and its sketch, a row at a time.
// Included inside a kernel's target region: templates over the lanes L, and plain loops of a fixed length, which
// compilers turn into that processor's vectors.

// Rows of bytes to their weighted mean, values 0 … 255; the weights add up to 256. `sum` may be written up to a whole
// block.
static void mean_of_rows(const uint8_t* rows, size_t stride, const uint16_t* weight, uint32_t count, uint32_t samples,
                         uint16_t* sum) {
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

// Four columns of pixels at a time, so that where they are from is found out once.
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
  // A picture of a megapixel or two has two or three taps.
  if (c.taps == 2) return mean_of_columns_by<L, 2>(c);
  if (c.taps == 3) return mean_of_columns_by<L, 3>(c);
  mean_of_columns_by<L, 0>(c);
}

// Of every sample and the one three further, of which half are wanted.
static inline void halve_block(const uint8_t* above, const uint8_t* below, uint32_t n, uint8_t* rgb) {
  constexpr uint32_t kBytes = 192;
  uint8_t mean[kBytes];
  for (uint32_t i = 0; i < kBytes; ++i)
    mean[i] = static_cast<uint8_t>((above[i] + below[i] + above[i + 3] + below[i + 3] + 2) >> 2);
  for (uint32_t k = 0; k < n; ++k) std::memcpy(rgb + 3 * k, mean + 6 * k, 3);
}

// Two rows of 2 · width RGB pixels to one of half the width, each the mean of two by two.
static void halve_colours(const uint8_t* above, const uint8_t* below, uint32_t width, uint8_t* rgb) {
  constexpr uint32_t kPixels = 32, kBytes = 6 * kPixels + 3;
  uint32_t x = 0;
  // One pixel further is read than is wanted.
  for (; x + kPixels < width; x += kPixels, above += 6 * kPixels, below += 6 * kPixels, rgb += 3 * kPixels)
    halve_block(above, below, kPixels, rgb);
  uint8_t a[kBytes] = {}, b[kBytes] = {};
  for (uint32_t i = 0; i < 6 * (width - x); ++i) a[i] = above[i], b[i] = below[i];
  halve_block(a, b, width - x, rgb);
}

// Of every three samples, of which a third begin a pixel.
static inline void planes_of_block(const uint8_t* s, uint32_t n, uint8_t* luma, uint8_t* hue) {
  constexpr uint32_t kBytes = 96;
  uint8_t light[kBytes], warm[kBytes];
  for (uint32_t i = 0; i < kBytes; ++i) {
    light[i] = static_cast<uint8_t>(static_cast<uint16_t>(77 * s[i] + 150 * s[i + 1] + 29 * s[i + 2] + 128) >> 8);
    warm[i] = static_cast<uint8_t>((256 + s[i] - s[i + 2]) >> 1);
  }
  for (uint32_t k = 0; k < n; ++k) luma[k] = light[3 * k], hue[k] = warm[3 * k];
}

// The two planes of a sketch (sketch.h) of a row of RGB pixels.
static void planes_of(const uint8_t* rgb, uint32_t width, uint8_t* luma, uint8_t* hue) {
  constexpr uint32_t kPixels = 32, kBytes = 3 * kPixels + 2;
  uint32_t x = 0;
  for (; x + kPixels < width; x += kPixels, rgb += 3 * kPixels) planes_of_block(rgb, kPixels, luma + x, hue + x);
  uint8_t last[kBytes] = {};
  for (uint32_t i = 0; i < 3 * (width - x); ++i) last[i] = rgb[i];
  planes_of_block(last, width - x, luma + x, hue + x);
}

// Two rows of 2 · width floats to one of half the width.
static void halve_luma(const float* above, const float* below, uint32_t width, float* __restrict out) {
  for (size_t x = 0; x < width; ++x)
    out[x] = 0.25f * (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]);
}
