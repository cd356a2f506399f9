// Samples a view by its plan (sampling_plan.h): each sample of the grid is the mean of Per × Per bilinear samples.
// Included inside a kernel's target region: templates over the lanes L, sixteen samples of a row at a time.

// The bilinear samples along one line; at[j] is the offset of the four pixels of sample j.
template <class L, uint32_t N>
struct SampleLine {
  alignas(64) float x[N], y[N];
  alignas(64) int32_t at[N];

  // Splits coordinates in pixels of the level into an offset and two fractions. Outside the level its edge continues.
  void split_coordinates(const LumaLevel& level) {
    const float most_x = static_cast<float>(level.width - 1), most_y = static_cast<float>(level.height - 1);
    const int32_t stride = static_cast<int32_t>(level.width);
    for (uint32_t j = 0; j < N; ++j) {
      float cx = x[j], cy = y[j];
      cx = cx > 0.0f ? cx : 0.0f, cy = cy > 0.0f ? cy : 0.0f;
      cx = cx < most_x ? cx : most_x, cy = cy < most_y ? cy : most_y;
      const int32_t ix = static_cast<int32_t>(cx), iy = static_cast<int32_t>(cy);
      at[j] = iy * stride + ix;
      x[j] = cx - static_cast<float>(ix), y[j] = cy - static_cast<float>(iy);
    }
  }
};

// Interpolates between the two samples at base[at[k]], for sixteen k.
template <class L>
static inline typename L::F blend_along(const float* base, const int32_t* at, typename L::F share) {
  typename L::F first, second;
  L::gather_pairs(base, at, &first, &second);
  return L::add(first, L::mul(share, L::sub(second, first)));
}

template <class L, uint32_t Per>
static void sample_slanted(const SamplingPlan& plan, float* grid) {
  constexpr uint32_t n = Per * kGridSide;
  const Projection& p = plan.projection;
  const typename L::F share = L::set(1.0f / (Per * Per));
  SampleLine<L, n> line;
  for (uint32_t i = 0; i < kGridSide; ++i) {
    typename L::F sum[kGridSide / 16];
    for (typename L::F& s : sum) s = L::zero();
    for (uint32_t k = 0; k < Per; ++k) {
      const float v = plan.down[kGridSide * k + i];
      const float bx = p.b * v + p.c, by = p.e * v + p.f, bw = p.h * v + 1;
      if (p.affine()) {
        for (uint32_t j = 0; j < n; ++j) line.x[j] = p.a * plan.across[j] + bx, line.y[j] = p.d * plan.across[j] + by;
      } else {
        for (uint32_t j = 0; j < n; ++j) {
          const float w = 1 / (p.g * plan.across[j] + bw);
          line.x[j] = (p.a * plan.across[j] + bx) * w, line.y[j] = (p.d * plan.across[j] + by) * w;
        }
      }
      line.split_coordinates(plan.level);
      for (uint32_t g = 0; g < kGridSide / 16; ++g)
        for (uint32_t m = 0; m < Per; ++m) {
          const uint32_t j = kGridSide * m + 16 * g;
          const typename L::F x = L::load(line.x + j), y = L::load(line.y + j);
          const typename L::F top = blend_along<L>(plan.level.luma, line.at + j, x);
          const typename L::F bottom = blend_along<L>(plan.level.luma + plan.level.width, line.at + j, x);
          sum[g] = L::add(sum[g], L::mul(share, L::add(top, L::mul(y, L::sub(bottom, top)))));
        }
    }
    for (uint32_t g = 0; g < kGridSide / 16; ++g) L::store(grid + kGridSide * i + 16 * g, sum[g]);
  }
}

// Samples a view whose rows are rows of the image, which is by far the usual case. Rows are blended first as a whole,
// then interpolated along one line only.
template <class L, uint32_t Per>
static void sample_upright(const SamplingPlan& plan, float* grid) {
  constexpr float share = 1.0f / (Per * Per);
  constexpr uint32_t n = Per * kGridSide;
  const Projection& p = plan.projection;
  SampleLine<L, n> columns, rows;
  for (uint32_t j = 0; j < n; ++j) {
    columns.x[j] = p.a * plan.across[j] + p.c, columns.y[j] = 0;
    rows.x[j] = 0, rows.y[j] = p.e * plan.down[j] + p.f;
  }
  columns.split_coordinates(plan.level), rows.split_coordinates(plan.level);
  // The columns of the level that are used.
  int32_t first = columns.at[0], last = first;
  for (const int32_t at : columns.at) first = at < first ? at : first, last = at > last ? at : last;
  const size_t count = static_cast<size_t>(last - first) + 2, stride = plan.level.width;
  float room[kWorkingSide + 1];
  float* const __restrict blend = room + first;
  for (uint32_t i = 0; i < kGridSide; ++i) {
    const float *a = plan.level.luma + rows.at[i] + first, *b = a + stride;
    const float f = share * rows.y[i], g = share - f;
    if constexpr (Per == 1) {
      for (size_t x = 0; x < count; ++x) blend[x] = g * a[x] + f * b[x];
    } else {
      static_assert(Per == 2);
      const float *c = plan.level.luma + rows.at[kGridSide + i] + first, *d = c + stride;
      const float k = share * rows.y[kGridSide + i], h = share - k;
      for (size_t x = 0; x < count; ++x) blend[x] = g * a[x] + f * b[x] + h * c[x] + k * d[x];
    }
    for (uint32_t g = 0; g < kGridSide / 16; ++g) {
      typename L::F sum = L::zero();
      for (uint32_t m = 0; m < Per; ++m) {
        const uint32_t j = kGridSide * m + 16 * g;
        sum = L::add(sum, blend_along<L>(room, columns.at + j, L::load(columns.x + j)));
      }
      L::store(grid + kGridSide * i + 16 * g, sum);
    }
  }
}

template <class L>
static void sample_bilinear(const SamplingPlan& plan, float* grid) {
  if (plan.per == 1)
    plan.upright ? sample_upright<L, 1>(plan, grid) : sample_slanted<L, 1>(plan, grid);
  else
    plan.upright ? sample_upright<L, 2>(plan, grid) : sample_slanted<L, 2>(plan, grid);
}
