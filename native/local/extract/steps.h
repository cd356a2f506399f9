// The steps of steps_of.h. Included inside a kernel's target region: templates over the lanes L.

template <class L>
static void blur_down(const float* const* rows, const float* weight, uint32_t radius, uint32_t width, float* out) {
  uint32_t x = 0;
  const typename L::F middle = L::set(weight[0]);
  for (; x + 32 <= width; x += 32) {
    typename L::F a = L::mul(middle, L::load(rows[radius] + x)), b = L::mul(middle, L::load(rows[radius] + x + 16));
    for (uint32_t i = 1; i <= radius; ++i) {
      const typename L::F w = L::set(weight[i]);
      const float *above = rows[radius - i] + x, *below = rows[radius + i] + x;
      a = L::add(a, L::mul(w, L::add(L::load(above), L::load(below))));
      b = L::add(b, L::mul(w, L::add(L::load(above + 16), L::load(below + 16))));
    }
    L::store(out + x, a);
    L::store(out + x + 16, b);
  }
  for (; x < width; x += 16) {
    typename L::F a = L::mul(middle, L::load(rows[radius] + x));
    for (uint32_t i = 1; i <= radius; ++i)
      a = L::add(a, L::mul(L::set(weight[i]), L::add(L::load(rows[radius - i] + x), L::load(rows[radius + i] + x))));
    L::store(out + x, a);
  }
}

template <class L>
static void blur_across(const float* row, const float* weight, uint32_t radius, uint32_t width, float* out) {
  uint32_t x = 0;
  const typename L::F middle = L::set(weight[0]);
  for (; x + 32 <= width; x += 32) {
    const float* p = row + x;
    typename L::F a = L::mul(middle, L::load(p)), b = L::mul(middle, L::load(p + 16));
    for (uint32_t i = 1; i <= radius; ++i) {
      const typename L::F w = L::set(weight[i]);
      a = L::add(a, L::mul(w, L::add(L::load(p - i), L::load(p + i))));
      b = L::add(b, L::mul(w, L::add(L::load(p + 16 - i), L::load(p + 16 + i))));
    }
    L::store(out + x, a);
    L::store(out + x + 16, b);
  }
  for (; x < width; x += 16) {
    const float* p = row + x;
    typename L::F a = L::mul(middle, L::load(p));
    for (uint32_t i = 1; i <= radius; ++i)
      a = L::add(a, L::mul(L::set(weight[i]), L::add(L::load(p - i), L::load(p + i))));
    L::store(out + x, a);
  }
}

[[maybe_unused]] static void difference(const float* __restrict a, const float* __restrict b, uint32_t width,
                                        float* __restrict out) {
  for (size_t x = 0; x < width; ++x) out[x] = a[x] - b[x];
}

[[maybe_unused]] static void every_second(const float* __restrict row, uint32_t width, float* __restrict out) {
  for (size_t x = 0; x < width; ++x) out[x] = row[2 * x];
}

// The greatest, or the least, of a sample's row of three.
template <class L>
static inline typename L::F greatest3(const float* p) {
  return L::max(L::max(L::load(p - 1), L::load(p)), L::load(p + 1));
}
template <class L>
static inline typename L::F least3(const float* p) {
  return L::min(L::min(L::load(p - 1), L::load(p)), L::load(p + 1));
}

template <class L>
static uint32_t extrema(const float* const (&rows)[3][3], float least, uint32_t from, uint32_t to, uint16_t* out) {
  const typename L::F high = L::set(least), low = L::set(-least);
  uint32_t count = 0;
  for (uint32_t x = from; x < to; x += 16) {
    const uint32_t valid = to - x < 16 ? (1u << (to - x)) - 1 : 0xffffu;
    const typename L::F c = L::load(rows[1][1] + x);
    uint32_t above = L::less_mask(high, c) & valid, below = L::less_mask(c, low) & valid;
    if ((above | below) == 0) continue;
    // Most are excluded by their own level.
    const typename L::F left = L::load(rows[1][1] + x - 1), right = L::load(rows[1][1] + x + 1);
    if (above != 0) {
      const typename L::F most =
          L::max(L::max(left, right), L::max(greatest3<L>(rows[1][0] + x), greatest3<L>(rows[1][2] + x)));
      above &= ~L::less_mask(c, most);
    }
    if (below != 0) {
      const typename L::F most =
          L::min(L::min(left, right), L::min(least3<L>(rows[1][0] + x), least3<L>(rows[1][2] + x)));
      below &= ~L::less_mask(most, c);
    }
    for (uint32_t k = 0; k < 3 && above != 0; k += 2)
      for (uint32_t j = 0; j < 3; ++j) above &= ~L::less_mask(c, greatest3<L>(rows[k][j] + x));
    for (uint32_t k = 0; k < 3 && below != 0; k += 2)
      for (uint32_t j = 0; j < 3; ++j) below &= ~L::less_mask(least3<L>(rows[k][j] + x), c);
    uint32_t found = above | below;
    for (uint32_t i = 0; found != 0; ++i, found >>= 1)
      if ((found & 1u) != 0) out[count++] = static_cast<uint16_t>(x + i);
  }
  return count;
}

// How far an angle of at most 45° is turned, as a share of 45°: arctan(small / large)·4/π, to 3e-6.
template <class L>
static inline typename L::F octant(typename L::F small, typename L::F large) {
  const typename L::F q = L::quotient(small, L::add(large, L::set(1e-30f))), z = L::mul(q, q);
  typename L::F p = L::set(-0.01454998f);
  for (const float c : {0.06611104f, -0.14741819f, 0.24610917f, -0.4234606f, 1.2732085f})
    p = L::add(L::mul(p, z), L::set(c));
  return L::mul(q, p);
}

template <class L>
static void gradients(const float* row, uint32_t stride, uint32_t n, float* length, float* bin) {
  for (uint32_t i = 0; i < n; i += 16) {
    const float* p = row + i;
    const typename L::F dx = L::sub(L::load(p + 1), L::load(p - 1));
    const typename L::F dy = L::sub(L::load(p + stride), L::load(p - stride));
    L::store(length + i, L::sqrt(L::add(L::mul(dx, dx), L::mul(dy, dy))));
    const typename L::F ax = L::abs(dx), ay = L::abs(dy);
    // In units of 45°: 0 … 8.
    typename L::F turn = octant<L>(L::min(ax, ay), L::max(ax, ay));
    turn = L::where_less(ax, ay, L::sub(L::set(2), turn), turn);
    turn = L::where_less(dx, L::zero(), L::sub(L::set(4), turn), turn);
    turn = L::where_less(dy, L::zero(), L::sub(L::set(8), turn), turn);
    L::store(bin + i, L::mul(turn, L::set(4.5f)));
  }
}

template <class L>
static void patch(const PatchPlace& place, float* out) {
  const typename L::F right = L::set(static_cast<float>(place.width) - 1.001f);
  const typename L::F bottom = L::set(static_cast<float>(place.height) - 1.001f);
  const typename L::F stride = L::set(static_cast<float>(place.stride)), none = L::zero();
  float steps[16];
  for (int k = 0; k < 16; ++k) steps[k] = static_cast<float>(k) - 15.5f;
  const typename L::F along = L::load(steps), c = L::set(place.cosine), s = L::set(place.sine);
  for (uint32_t j = 0; j < 32; ++j) {
    const float b = static_cast<float>(j) - 15.5f;
    const float x0 = place.x - b * place.sine, y0 = place.y + b * place.cosine;
    for (uint32_t half = 0; half < 2; ++half) {
      const typename L::F a = half == 0 ? along : L::add(along, L::set(16));
      const typename L::F x = L::min(L::max(L::add(L::set(x0), L::mul(a, c)), none), right);
      const typename L::F y = L::min(L::max(L::add(L::set(y0), L::mul(a, s)), none), bottom);
      const typename L::F column = L::trunc(x), line = L::trunc(y), u = L::sub(x, column), v = L::sub(y, line);
      // Below 2^24, so that the sum is exact.
      alignas(64) int32_t at[16];
      L::store_whole(at, L::add(L::mul(line, stride), column));
      typename L::F p, q, r, t;
      L::gather_pairs(place.data, at, &p, &q);
      L::gather_pairs(place.data + place.stride, at, &r, &t);
      const typename L::F above = L::add(p, L::mul(u, L::sub(q, p))), below = L::add(r, L::mul(u, L::sub(t, r)));
      L::store(out + 32 * j + 16 * half, L::add(above, L::mul(v, L::sub(below, above))));
    }
  }
}

// Adds a row of one direction to the two rows of cells that it is between.
template <class L>
static inline void add_direction(typename L::F (*cells)[8][2], uint32_t direction, uint32_t half, uint32_t upper,
                                 float share, typename L::F length) {
  if (upper > 0) {
    typename L::F& to = cells[upper - 1][direction][half];
    to = L::add(to, L::mul(L::set(1 - share), length));
  }
  if (upper < 4) {
    typename L::F& to = cells[upper][direction][half];
    to = L::add(to, L::mul(L::set(share), length));
  }
}

template <class L>
static void histogram(const float* patch, LocalHistogram& out) {
  // [row of cells][direction][half of the columns]: lane k of half h is column 1 + 16·h + k of the patch.
  typename L::F cells[4][8][2];
  for (auto& row : cells)
    for (auto& direction : row) direction[0] = direction[1] = L::zero();
  const typename L::F none = L::zero(), one = L::set(1);
  for (uint32_t j = 1; j < 31; ++j) {
    // In rows of cells, counted from the one above the first.
    const float place = (static_cast<float>(j) + 0.5f) / 8 + 0.5f;
    const uint32_t upper = static_cast<uint32_t>(place);
    const float share = place - static_cast<float>(upper);
    for (uint32_t half = 0; half < 2; ++half) {
      const float* p = patch + 32 * j + 1 + 16 * half;
      const typename L::F dx = L::sub(L::load(p + 1), L::load(p - 1)), dy = L::sub(L::load(p + 32), L::load(p - 32));
      const typename L::F ax = L::abs(dx), ay = L::abs(dy);
      const typename L::F length =
          L::mul(L::sqrt(L::add(L::mul(dx, dx), L::mul(dy, dy))), L::load(kPatchWeights.window[j] + 16 * half));
      const typename L::F diagonal_share = octant<L>(L::min(ax, ay), L::max(ax, ay));
      const typename L::F diagonal = L::mul(length, diagonal_share),
                          straight = L::mul(length, L::sub(one, diagonal_share));
      // Directions 0, 2, 4 and 6 are right, down, left and up; the others are between them.
      const typename L::F across = L::sub(straight, L::keep_less(ax, ay, straight)),
                          along = L::keep_less(ax, ay, straight);
      const typename L::F left = L::keep_less(dx, none, across), up = L::keep_less(dy, none, along);
      const typename L::F leftwards = L::keep_less(dx, none, diagonal), rightwards = L::sub(diagonal, leftwards);
      const typename L::F left_up = L::keep_less(dy, none, leftwards), right_up = L::keep_less(dy, none, rightwards);
      add_direction<L>(cells, 0, half, upper, share, L::sub(across, left));
      add_direction<L>(cells, 1, half, upper, share, L::sub(rightwards, right_up));
      add_direction<L>(cells, 2, half, upper, share, L::sub(along, up));
      add_direction<L>(cells, 3, half, upper, share, L::sub(leftwards, left_up));
      add_direction<L>(cells, 4, half, upper, share, left);
      add_direction<L>(cells, 5, half, upper, share, left_up);
      add_direction<L>(cells, 6, half, upper, share, up);
      add_direction<L>(cells, 7, half, upper, share, right_up);
    }
  }
  // Two rows of cells at a time: lane 8·r + b has direction b of row r.
  typename L::F sums[2][4];
  for (uint32_t pair = 0; pair < 2; ++pair) {
    for (auto& sum : sums[pair]) sum = L::zero();
    for (uint32_t half = 0; half < 2; ++half) {
      typename L::F columns[16];
      for (uint32_t k = 0; k < 16; ++k) columns[k] = cells[2 * pair + k / 8][k % 8][half];
      L::transpose(columns);
      for (uint32_t k = 0; k < 16; ++k)
        for (uint32_t cell = 0; cell < 4; ++cell) {
          const float weight = kPatchWeights.column[cell][16 * half + k];
          if (weight > 0) sums[pair][cell] = L::add(sums[pair][cell], L::mul(L::set(weight), columns[k]));
        }
    }
  }
  typename L::F all = L::zero();
  for (const auto& pair : sums)
    for (const auto& cell : pair) all = L::add(all, cell);
  float lanes[16], sum = 1e-6f;
  L::store(lanes, all);
  for (const float lane : lanes) sum += lane;
  const typename L::F total = L::set(sum), most = L::set(127), scale = L::set(256), half_step = L::set(0.5f);
  for (uint32_t pair = 0; pair < 2; ++pair)
    for (uint32_t cell = 0; cell < 4; ++cell) {
      const typename L::F root = L::sqrt(L::max(L::quotient(sums[pair][cell], total), none));
      L::store(lanes, L::trunc(L::min(L::add(L::mul(root, scale), half_step), most)));
      for (uint32_t k = 0; k < 16; ++k)
        out.v[((2 * pair + k / 8) * 4 + cell) * 8 + k % 8] = static_cast<uint8_t>(lanes[k]);
    }
}

template <class L>
static void descriptors(const LocalTable& table, const LocalHistogram* histograms, uint32_t count, uint32_t (*out)[8]) {
  constexpr uint32_t kTogether = 4;
  for (uint32_t first = 0; first < count; first += kTogether) {
    // The last ones are computed several times rather than apart.
    const LocalHistogram* of[kTogether];
    for (uint32_t i = 0; i < kTogether; ++i) of[i] = histograms + (first + i < count ? first + i : count - 1);
    for (uint32_t chunk = 0; chunk < 16; ++chunk) {
      typename L::Sums sums[kTogether];
      for (auto& sum : sums) sum = L::no_sums();
      for (uint32_t k = 0; k < 32; ++k)
        for (uint32_t i = 0; i < kTogether; ++i) {
          uint32_t four;
          std::memcpy(&four, of[i]->v + 4 * k, 4);
          sums[i] = L::add_products(sums[i], four, table.weights[chunk][k]);
        }
      for (uint32_t i = 0; i < kTogether && first + i < count; ++i) {
        const uint32_t bits = L::above(sums[i], table.threshold + 16 * chunk);
        uint32_t& word = out[first + i][chunk / 2];
        word = chunk % 2 == 0 ? bits : word | bits << 16;
      }
    }
  }
}

// The first half excludes most pairs.
template <class L>
static uint32_t rows_near(const uint64_t (*rows)[4], uint32_t row, uint32_t count, uint32_t radius, uint16_t* out) {
  const uint64_t a = rows[row][0], b = rows[row][1], c = rows[row][2], d = rows[row][3];
  uint32_t found = 0;
  for (uint32_t i = row + 1; i < count; ++i) {
    const uint64_t* other = rows[i];
    const uint32_t half = L::ones(a ^ other[0]) + L::ones(b ^ other[1]);
    if (half > radius || half + L::ones(c ^ other[2]) + L::ones(d ^ other[3]) > radius) continue;
    out[found++] = static_cast<uint16_t>(i);
  }
  return found;
}
