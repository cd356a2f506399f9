// The looks of a view (look.h), taken: for each sample of the grid the mean of Per × Per bilinear looks.
// Included inside a kernel's target region: templates over the lanes L, sixteen samples of a row at a time.

// Bilinear looks along one line, `from` first of them; at[j] is where the four samples of look j begin.
template <class L, uint32_t N>
struct LookLine {
  alignas(64) float x[N], y[N];
  alignas(64) int32_t at[N];

  // From pixels of the level to an offset and two fractions; outside, the edge goes on.
  void settle(const LookLevel& level) {
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

// Between the two samples at base[at[k]] for sixteen k.
template <class L>
static inline typename L::F look_along(const float* base, const int32_t* at, typename L::F share) {
  typename L::F first, second;
  L::gather_pairs(base, at, &first, &second);
  return L::add(first, L::mul(share, L::sub(second, first)));
}

template <class L, uint32_t Per>
static void take_slanted_looks(const Look& look, float* grid) {
  constexpr uint32_t n = Per * kLookSide;
  const Projection& p = look.projection;
  const typename L::F share = L::set(1.0f / (Per * Per));
  LookLine<L, n> line;
  for (uint32_t i = 0; i < kLookSide; ++i) {
    typename L::F sum[kLookSide / 16];
    for (typename L::F& s : sum) s = L::zero();
    for (uint32_t k = 0; k < Per; ++k) {
      const float v = look.down[kLookSide * k + i];
      const float bx = p.b * v + p.c, by = p.e * v + p.f, bw = p.h * v + 1;
      if (p.affine()) {
        for (uint32_t j = 0; j < n; ++j) line.x[j] = p.a * look.across[j] + bx, line.y[j] = p.d * look.across[j] + by;
      } else {
        for (uint32_t j = 0; j < n; ++j) {
          const float w = 1 / (p.g * look.across[j] + bw);
          line.x[j] = (p.a * look.across[j] + bx) * w, line.y[j] = (p.d * look.across[j] + by) * w;
        }
      }
      line.settle(look.level);
      for (uint32_t g = 0; g < kLookSide / 16; ++g)
        for (uint32_t m = 0; m < Per; ++m) {
          const uint32_t j = kLookSide * m + 16 * g;
          const typename L::F x = L::load(line.x + j), y = L::load(line.y + j);
          const typename L::F top = look_along<L>(look.level.luma, line.at + j, x);
          const typename L::F bottom = look_along<L>(look.level.luma + look.level.width, line.at + j, x);
          sum[g] = L::add(sum[g], L::mul(share, L::add(top, L::mul(y, L::sub(bottom, top)))));
        }
    }
    for (uint32_t g = 0; g < kLookSide / 16; ++g) L::store(grid + kLookSide * i + 16 * g, sum[g]);
  }
}

// The same where rows of the view are rows of the picture, by far the most: the lines are blended first, whole, then
// looked at along one line only.
template <class L, uint32_t Per>
static void take_upright_looks(const Look& look, float* grid) {
  constexpr float share = 1.0f / (Per * Per);
  constexpr uint32_t n = Per * kLookSide;
  const Projection& p = look.projection;
  LookLine<L, n> columns, rows;
  for (uint32_t j = 0; j < n; ++j) {
    columns.x[j] = p.a * look.across[j] + p.c, columns.y[j] = 0;
    rows.x[j] = 0, rows.y[j] = p.e * look.down[j] + p.f;
  }
  columns.settle(look.level), rows.settle(look.level);
  // The level's columns that are looked at.
  int32_t first = columns.at[0], last = first;
  for (const int32_t at : columns.at) first = at < first ? at : first, last = at > last ? at : last;
  const size_t count = static_cast<size_t>(last - first) + 2, stride = look.level.width;
  float room[kPictureSide + 1];
  float* const __restrict blend = room + first;
  for (uint32_t i = 0; i < kLookSide; ++i) {
    const float *a = look.level.luma + rows.at[i] + first, *b = a + stride;
    const float f = share * rows.y[i], g = share - f;
    if constexpr (Per == 1) {
      for (size_t x = 0; x < count; ++x) blend[x] = g * a[x] + f * b[x];
    } else {
      static_assert(Per == 2);
      const float *c = look.level.luma + rows.at[kLookSide + i] + first, *d = c + stride;
      const float k = share * rows.y[kLookSide + i], h = share - k;
      for (size_t x = 0; x < count; ++x) blend[x] = g * a[x] + f * b[x] + h * c[x] + k * d[x];
    }
    for (uint32_t g = 0; g < kLookSide / 16; ++g) {
      typename L::F sum = L::zero();
      for (uint32_t m = 0; m < Per; ++m) {
        const uint32_t j = kLookSide * m + 16 * g;
        sum = L::add(sum, look_along<L>(room, columns.at + j, L::load(columns.x + j)));
      }
      L::store(grid + kLookSide * i + 16 * g, sum);
    }
  }
}

template <class L>
static void take_looks(const Look& look, float* grid) {
  if (look.per == 1)
    look.upright ? take_upright_looks<L, 1>(look, grid) : take_slanted_looks<L, 1>(look, grid);
  else
    look.upright ? take_upright_looks<L, 2>(look, grid) : take_slanted_looks<L, 2>(look, grid);
}
