// Steps 2 and 3 by the fast method. The filter and the decimation together are separable: grid = W_y · L · W_xᵀ. Rows
// are combined first, on the raw bytes. The luma coefficients are part of the horizontal weights, so RGB needs no
// de-interleaving.
//
// Away from the edges a row of W is a tent 1 … w … 1 over w². The vertical pass is then whole-number arithmetic and
// exact: four rows are at most 255·4·64 in 16 bits, a column at most 255·64² in 32. The sums differ from the
// reference's only by its own rounding drift, which certificate.cc bounds.
// Included inside a kernel's target region.

constexpr uint32_t kWidestWindow = 64;

// One row of W: the inputs that the sample at position o averages, and the weight of each.
struct Taps {
  uint32_t start, count;
  bool tent;                        // weights 1 … w … 1, to be divided by w²
  float weight[2 * kWidestWindow];  // the weights when it is not a tent
};

static void taps_of(const BoxWindow& box, uint32_t o, Taps* taps) {
  const uint32_t w = box.w, from = box.first(o), to = box.last(o);
  taps->start = box.first(from);
  taps->count = box.last(to) - taps->start + 1;
  taps->tent = o >= 2 * box.behind() && o + 2 * box.ahead() < box.n && taps->count == 2 * w - 1;
  if (taps->tent) return;
  double sum[2 * kWidestWindow] = {};
  for (uint32_t p = from; p <= to; ++p) {
    const double share = 1.0 / (static_cast<double>(box.count(o)) * box.count(p));
    for (uint32_t q = box.first(p); q <= box.last(p); ++q) sum[q - taps->start] += share;
  }
  for (uint32_t k = 0; k < taps->count; ++k) taps->weight[k] = static_cast<float>(sum[k]);
}

template <class L>
struct SeparableFilter {
  using F = typename L::F;
  static constexpr uint32_t kStrip = 4096;  // samples at a time, so that the sums stay in the first cache

  const emp_pixels& p;
  const BoxWindow across, down;
  const uint32_t samples, padded, row_weights;
  Array<float> row;      // one grid row before the horizontal pass
  Array<int32_t> sums;   // of a strip
  Array<float> weights;  // 64 rows of W_x, each sample weighted
  uint32_t start[64];    // in samples

  explicit SeparableFilter(const emp_pixels& pixels)
      : p(pixels),
        across(pixels.width, window_of(pixels.width)),
        down(pixels.height, window_of(pixels.height)),
        samples(pixels.width * pixels.channels),
        padded((samples + 63) & ~63u),
        row_weights(((2 * across.w + 1) * pixels.channels + 15) & ~15u) {}

  bool allocate() {
    row = Array<float>(padded + row_weights);
    sums = Array<int32_t>(kStrip);
    weights = Array<float>(size_t{64} * row_weights);
    if (!row || !sums || !weights) return false;
    row.zero();
    weights.zero();
    return true;
  }

  void horizontal_weights() {
    constexpr float rgb[4] = {0.299f, 0.587f, 0.114f, 0.0f};
    const uint32_t channels = p.channels, w = across.w;
    Taps taps;
    uint32_t tent = 64;  // the first row of W that is a tent; the others are copies of it
    for (uint32_t j = 0; j < 64; ++j) {
      taps_of(across, sample_position(j, p.width), &taps);
      start[j] = taps.start * channels;
      float* out = weights.data() + size_t{j} * row_weights;
      if (taps.tent && tent < 64) {
        std::memcpy(out, weights.data() + size_t{tent} * row_weights, row_weights * sizeof(float));
        continue;
      }
      if (taps.tent) {
        tent = j;
        for (uint32_t k = 0; k < taps.count; ++k)
          taps.weight[k] = static_cast<float>(k < w ? k + 1 : 2 * w - 1 - k) / static_cast<float>(w * w);
      }
      for (uint32_t k = 0; k < taps.count; ++k)
        for (uint32_t c = 0; c < channels; ++c)
          out[k * channels + c] = channels == 1 ? taps.weight[k] : taps.weight[k] * rgb[c];
    }
  }

  const uint8_t* input(uint32_t y) const { return p.data + size_t{y} * p.stride; }

  // Returns the samples [x, x+64) of a row; those beyond its end are zeros from `spare`.
  const uint8_t* last_samples(uint32_t y, uint32_t x, uint8_t (&spare)[64]) const {
    std::memcpy(spare, input(y) + x, samples - x);
    return spare;
  }

  void vertical_tent(const Taps& taps) {
    const uint32_t w = down.w, whole = samples & ~63u;
    uint8_t spare[4][64] = {};
    for (uint32_t x = 0; x < samples; x += kStrip) {
      const uint32_t n = x + kStrip < whole ? kStrip : whole > x ? whole - x : 0;
      const bool tail = x + kStrip >= samples && whole < samples;
      std::memset(sums.data(), 0, (n + (tail && n < kStrip ? 64 : 0)) * sizeof(int32_t));
      for (uint32_t k = 0; k < taps.count; k += 4) {
        const uint8_t* in[4];
        uint8_t weight[4];
        for (uint32_t i = 0; i < 4; ++i) {
          const uint32_t t = k + i < taps.count ? k + i : taps.count - 1;
          weight[i] = k + i < taps.count ? static_cast<uint8_t>(t < w ? t + 1 : 2 * w - 1 - t) : 0;
          in[i] = input(taps.start + t) + x;
        }
        L::accumulate(in, weight, sums.data(), n);
        if (tail) {
          for (uint32_t i = 0; i < 4; ++i) {
            const uint32_t t = k + i < taps.count ? k + i : taps.count - 1;
            in[i] = last_samples(taps.start + t, whole, spare[i]);
          }
          L::accumulate(in, weight, sums.data() + n, 64);
        }
      }
      L::to_floats(sums.data(), row.data() + x, n + (tail ? 64 : 0));
    }
  }

  void vertical_edge(const Taps& taps) {
    std::memset(row.data(), 0, samples * sizeof(float));
    uint8_t spare[64] = {};
    const uint32_t whole = samples & ~63u;
    for (uint32_t k = 0; k < taps.count; ++k) {
      L::accumulate_float(input(taps.start + k), taps.weight[k], row.data(), whole);
      if (whole < samples)
        L::accumulate_float(last_samples(taps.start + k, whole, spare), taps.weight[k], row.data() + whole, 64);
    }
  }

  emp_status run(const emp_cancel& cancel, float* grid) {
    if (!allocate()) return EMP_OUT_OF_MEMORY;
    horizontal_weights();
    Taps taps;
    for (uint32_t i = 0; i < 64; ++i) {
      if (cancel.poll && cancel.poll(cancel.context)) return EMP_CANCELLED;
      taps_of(down, sample_position(i, p.height), &taps);
      if (taps.tent)
        vertical_tent(taps);
      else
        vertical_edge(taps);
      const float scale = taps.tent ? 1.0f / static_cast<float>(down.w * down.w) : 1.0f;
      for (uint32_t j = 0; j < 64; ++j)
        grid[64 * i + j] = scale * L::dot(row.data() + start[j], weights.data() + size_t{j} * row_weights, row_weights);
    }
    return EMP_OK;
  }
};

template <class L>
static emp_status separable_filter(const emp_pixels& p, const emp_cancel& cancel, float* grid) {
  return SeparableFilter<L>(p).run(cancel, grid);
}
