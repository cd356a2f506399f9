// Step 7 sums |trunc(((u−v)·100)/255)| over vertical and horizontal neighbours of the grid, which gives the quality
// (reference: hashing/pdqhashing.cpp, computePDQImageDomainQualityMetric). For the certificate, `doubtful` counts the
// terms within `margin` of another whole number.
// Included inside a kernel's target region.

// With Doubts false no term is doubtful, as with a margin of 0.
template <class L, bool Doubts>
static void gradient_of(const float* grid, float margin, uint32_t* sum, uint32_t* doubtful) {
  using F = typename L::F;
  const F hundred = L::set(100.0f), near_next = L::set(1.0f - margin), near_last = L::set(margin), half = L::set(0.5f);
  const typename L::Divisor full_scale = L::divisor(255.0f);
  F total = L::zero(), doubts = L::zero();  // whole numbers below 2^24: exact in float
  const auto term = [&](F u, F v) {
    const F size = L::abs(L::divide(L::mul(L::sub(u, v), hundred), full_scale));
    const F whole = L::trunc(size);
    total = L::add(total, whole);
    if constexpr (Doubts) {
      const F rest = L::sub(size, whole);
      const F up = L::less(near_next, rest), down = L::mul(L::less(rest, near_last), L::less(half, whole));
      doubts = L::add(doubts, L::add(up, down));
    }
  };
  for (uint32_t i = 0; i < 63; ++i)
    for (uint32_t g = 0; g < 4; ++g) term(L::load(grid + 64 * i + 16 * g), L::load(grid + 64 * (i + 1) + 16 * g));
  alignas(64) float shifted[16];
  for (uint32_t i = 0; i < 64; ++i) {
    const float* row = grid + 64 * i;
    for (uint32_t g = 0; g < 3; ++g) term(L::load(row + 16 * g), L::load(row + 16 * g + 1));
    for (uint32_t j = 0; j < 15; ++j) shifted[j] = row[48 + j + 1];
    shifted[15] = row[63];  // the last column has no right neighbour: a difference of 0
    term(L::load(row + 48), L::load(shifted));
  }
  alignas(64) float lanes[16];
  float all = 0;
  L::store(lanes, total);
  for (const float lane : lanes) all += lane;
  *sum = static_cast<uint32_t>(all);
  all = 0;
  L::store(lanes, doubts);
  for (const float lane : lanes) all += lane;
  *doubtful = static_cast<uint32_t>(all);
}

template <class L>
static void gradient(const float* grid, float margin, uint32_t* sum, uint32_t* doubtful) {
  if (margin > 0)
    gradient_of<L, true>(grid, margin, sum, doubtful);
  else
    gradient_of<L, false>(grid, margin, sum, doubtful);
}
