// Step 4 makes 16×16 coefficients of the 64×64 grid: T = D·A, B = T·Dᵀ. Every element is a float sum over k = 0 … 63 in
// that order (reference: hashing/pdqhashing.cpp, dct64To16). Lanes hold 16 columns, so no sum is split.
// Included inside a kernel's target region.

template <class L>
static void dct(const float* grid, float* coefficients) {
  using F = typename L::F;
  alignas(64) float t[16][64];
  for (uint32_t i = 0; i < 16; i += 2) {
    F sum[2][4];
    for (auto& pair : sum)
      for (F& s : pair) s = L::zero();
    for (uint32_t k = 0; k < 64; ++k) {
      const F d0 = L::set(kDct[i][k]), d1 = L::set(kDct[i + 1][k]);
      for (uint32_t g = 0; g < 4; ++g) {
        const F a = L::load(grid + 64 * k + 16 * g);
        sum[0][g] = L::add(sum[0][g], L::mul(d0, a));
        sum[1][g] = L::add(sum[1][g], L::mul(d1, a));
      }
    }
    for (uint32_t g = 0; g < 4; ++g) {
      L::store(t[i] + 16 * g, sum[0][g]);
      L::store(t[i + 1] + 16 * g, sum[1][g]);
    }
  }
  for (uint32_t i = 0; i < 16; i += 4) {
    F sum[4];
    for (F& s : sum) s = L::zero();
    for (uint32_t k = 0; k < 64; ++k) {
      const F d = L::load(kDctTransposed[k]);
      for (uint32_t r = 0; r < 4; ++r) sum[r] = L::add(sum[r], L::mul(L::set(t[i + r][k]), d));
    }
    for (uint32_t r = 0; r < 4; ++r) L::store(coefficients + 16 * (i + r), sum[r]);
  }
}
