// Step 1 computes luma: 0.299·R + 0.587·G + 0.114·B, three float products added left to right; a grey sample is cast
// (reference: hashing/pdqhashing.cpp, fillFloatLumaFromRGB). It reads the image in tiles of 16×16 and never makes a
// full-size float image.
// Included inside a kernel's target region: templates over the lanes L, C channels.

// Computes 16 pixels from `x` on in one row. Pixels at or beyond the width are 0.
template <class L, uint32_t C>
static inline typename L::F luma16(const emp_pixels& p, uint32_t y, uint32_t x) {
  const uint8_t* row = p.data + static_cast<size_t>(y) * p.stride + static_cast<size_t>(x) * C;
  if (x + 16 <= p.width) return L::template luma<C>(row);
  uint8_t padded[16 * C] = {};
  for (uint32_t k = 0; k < (p.width - x) * C; ++k) padded[k] = row[k];
  return L::template luma<C>(padded);
}

// Computes the tile at (x, y), transposed: tile[k] is column x+k, one row in each lane. Rows below the image are 0.
template <class L, uint32_t C>
static inline void luma_tile(const emp_pixels& p, uint32_t y, uint32_t x, typename L::F (&tile)[16]) {
  for (uint32_t r = 0; r < 16; ++r) tile[r] = y + r < p.height ? luma16<L, C>(p, y + r, x) : L::zero();
  L::transpose(tile);
}

template <class L, uint32_t C>
static void luma_row_of(const emp_pixels& p, uint32_t y, float* out) {
  uint32_t x = 0;
  for (; x + 16 <= p.width; x += 16) L::store(out + x, luma16<L, C>(p, y, x));
  if (x == p.width) return;
  float last[16];
  L::store(last, luma16<L, C>(p, y, x));
  for (uint32_t k = 0; k < p.width - x; ++k) out[x + k] = last[k];
}

template <class L>
static void luma_row(const emp_pixels& p, uint32_t y, float* out) {
  switch (p.channels) {
    case 1:
      return luma_row_of<L, 1>(p, y, out);
    case 3:
      return luma_row_of<L, 3>(p, y, out);
    default:
      return luma_row_of<L, 4>(p, y, out);
  }
}
