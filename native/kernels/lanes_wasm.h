// 16 floats in four registers of WebAssembly's fixed-width SIMD. It has no fused multiplication, so division is a true
// one, and relaxed SIMD stays out: its answers differ between processors. A 16×16 transposition is sixteen of 4×4.

namespace {

struct Wasm {
  struct F {
    v128_t v[4];
  };
  using Divisor = v128_t;

  template <class Op>
  static inline F each(Op op) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = op(i);
    return r;
  }
  static inline F zero() { return set(0.0f); }
  static inline F set(float x) {
    const v128_t v = wasm_f32x4_splat(x);
    return {{v, v, v, v}};
  }
  static inline F load(const float* p) {
    return each([&](int i) { return wasm_v128_load(p + 4 * i); });
  }
  static inline void store(float* p, const F& a) {
    for (int i = 0; i < 4; ++i) wasm_v128_store(p + 4 * i, a.v[i]);
  }
  static inline F add(const F& a, const F& b) {
    return each([&](int i) { return wasm_f32x4_add(a.v[i], b.v[i]); });
  }
  static inline F sub(const F& a, const F& b) {
    return each([&](int i) { return wasm_f32x4_sub(a.v[i], b.v[i]); });
  }
  static inline F mul(const F& a, const F& b) {
    return each([&](int i) { return wasm_f32x4_mul(a.v[i], b.v[i]); });
  }
  static inline Divisor divisor(float w) { return wasm_f32x4_splat(w); }
  static inline F divide(const F& a, const Divisor& w) {
    return each([&](int i) { return wasm_f32x4_div(a.v[i], w); });
  }
  static inline F abs(const F& a) {
    return each([&](int i) { return wasm_f32x4_abs(a.v[i]); });
  }
  static inline F trunc(const F& a) {
    return each([&](int i) { return wasm_f32x4_trunc(a.v[i]); });
  }
  static inline F less(const F& a, const F& b) {
    const v128_t one = wasm_f32x4_splat(1.0f);
    return each([&](int i) { return wasm_v128_and(wasm_f32x4_lt(a.v[i], b.v[i]), one); });
  }

  // Loads two neighbouring floats into the lower or the upper half of a register.
  static inline v128_t pairs(const float* low, const float* high) {
    return wasm_v128_load64_lane(high, wasm_v128_load64_zero(low), 1);
  }
  // Loads base[at[k]] and the value after it.
  static inline void gather_pairs(const float* base, const int32_t* at, F* first, F* second) {
    for (int i = 0; i < 4; ++i, at += 4) {
      const v128_t a = pairs(base + at[0], base + at[1]), b = pairs(base + at[2], base + at[3]);
      first->v[i] = wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), second->v[i] = wasm_i32x4_shuffle(a, b, 1, 3, 5, 7);
    }
  }

  static inline void transpose(F (&t)[16]) {
    F u[16];
    for (int rows = 0; rows < 4; ++rows)
      for (int columns = 0; columns < 4; ++columns) {
        const v128_t a = t[4 * rows].v[columns], b = t[4 * rows + 1].v[columns];
        const v128_t c = t[4 * rows + 2].v[columns], d = t[4 * rows + 3].v[columns];
        const v128_t ab_low = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), ab_high = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
        const v128_t cd_low = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), cd_high = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
        u[4 * columns].v[rows] = wasm_i64x2_shuffle(ab_low, cd_low, 0, 2);
        u[4 * columns + 1].v[rows] = wasm_i64x2_shuffle(ab_low, cd_low, 1, 3);
        u[4 * columns + 2].v[rows] = wasm_i64x2_shuffle(ab_high, cd_high, 0, 2);
        u[4 * columns + 3].v[rows] = wasm_i64x2_shuffle(ab_high, cd_high, 1, 3);
      }
    for (int i = 0; i < 16; ++i) t[i] = u[i];
  }

  static inline F widen(v128_t bytes) {
    const v128_t low = wasm_u16x8_extend_low_u8x16(bytes), high = wasm_u16x8_extend_high_u8x16(bytes);
    return {{wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(low)),
             wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(low)),
             wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(high)),
             wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(high))}};
  }
  static inline F weigh(const F& r, const F& g, const F& b) {
    return add(add(mul(set(0.299f), r), mul(set(0.587f), g)), mul(set(0.114f), b));
  }
  struct Channels {
    v128_t r, g, b;
  };
  // Splits sixteen RGB pixels.
  static inline Channels split(const uint8_t* rgb) {
    const v128_t x = wasm_v128_load(rgb), y = wasm_v128_load(rgb + 16), z = wasm_v128_load(rgb + 32);
    const v128_t r = wasm_i8x16_shuffle(x, y, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    const v128_t g = wasm_i8x16_shuffle(x, y, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    const v128_t b = wasm_i8x16_shuffle(x, y, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    return {wasm_i8x16_shuffle(r, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29),
            wasm_i8x16_shuffle(g, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30),
            wasm_i8x16_shuffle(b, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31)};
  }
  // One channel of sixteen RGBA pixels.
  static inline F channel(const uint8_t* rgba, uint32_t shift) {
    const v128_t byte = wasm_i32x4_splat(255);
    return each([&](int i) {
      const v128_t four = wasm_v128_load(rgba + 16 * i);
      return wasm_f32x4_convert_i32x4(wasm_v128_and(wasm_u32x4_shr(four, shift), byte));
    });
  }
  template <uint32_t C>
  static inline F luma(const uint8_t* s) {
    if constexpr (C == 1) {
      return widen(wasm_v128_load(s));
    } else if constexpr (C == 3) {
      const Channels px = split(s);
      return weigh(widen(px.r), widen(px.g), widen(px.b));
    } else {
      return weigh(channel(s, 0), channel(s, 8), channel(s, 16));
    }
  }

  static inline void accumulate(const uint8_t* const (&in)[4], const uint8_t (&weight)[4], int32_t* sums, uint32_t n) {
    const v128_t w[4] = {
        wasm_i8x16_splat(static_cast<int8_t>(weight[0])), wasm_i8x16_splat(static_cast<int8_t>(weight[1])),
        wasm_i8x16_splat(static_cast<int8_t>(weight[2])), wasm_i8x16_splat(static_cast<int8_t>(weight[3]))};
    for (uint32_t i = 0; i < n; i += 16) {
      const v128_t first = wasm_v128_load(in[0] + i);
      v128_t low = wasm_u16x8_extmul_low_u8x16(first, w[0]), high = wasm_u16x8_extmul_high_u8x16(first, w[0]);
      for (int k = 1; k < 4; ++k) {
        const v128_t row = wasm_v128_load(in[k] + i);
        low = wasm_i16x8_add(low, wasm_u16x8_extmul_low_u8x16(row, w[k]));
        high = wasm_i16x8_add(high, wasm_u16x8_extmul_high_u8x16(row, w[k]));
      }
      int32_t* out = sums + i;
      const auto add_four = [&](int at, v128_t four) {
        wasm_v128_store(out + at, wasm_i32x4_add(wasm_v128_load(out + at), four));
      };
      add_four(0, wasm_u32x4_extend_low_u16x8(low));
      add_four(4, wasm_u32x4_extend_high_u16x8(low));
      add_four(8, wasm_u32x4_extend_low_u16x8(high));
      add_four(12, wasm_u32x4_extend_high_u16x8(high));
    }
  }
  static inline void to_floats(const int32_t* sums, float* out, uint32_t n) {
    for (uint32_t i = 0; i < n; i += 4) wasm_v128_store(out + i, wasm_f32x4_convert_i32x4(wasm_v128_load(sums + i)));
  }
  static inline void accumulate_float(const uint8_t* in, float weight, float* sums, uint32_t n) {
    const F w = set(weight);
    for (uint32_t i = 0; i < n; i += 16) store(sums + i, add(load(sums + i), mul(w, luma<1>(in + i))));
  }
  static inline float dot(const float* a, const float* b, uint32_t n) {
    F sum = zero();
    for (uint32_t i = 0; i < n; i += 16) sum = add(sum, mul(load(a + i), load(b + i)));
    const v128_t four = wasm_f32x4_add(wasm_f32x4_add(sum.v[0], sum.v[1]), wasm_f32x4_add(sum.v[2], sum.v[3]));
    return wasm_f32x4_extract_lane(four, 0) + wasm_f32x4_extract_lane(four, 1) + wasm_f32x4_extract_lane(four, 2) +
           wasm_f32x4_extract_lane(four, 3);
  }

  // Sixteen counts of bits, four bytes in each lane, which are added only when they are compared.
  using U = F;
  using Word = v128_t;
  using Rest = v128_t;
  static inline Word set_u32(uint32_t x) { return wasm_i32x4_splat(static_cast<int32_t>(x)); }
  static inline U load_u32(const uint32_t* p) {
    return each([&](int i) { return wasm_v128_load(p + 4 * i); });
  }
  static inline U bits_xor(const U& a, Word b) {
    return each([&](int i) { return wasm_i8x16_popcnt(wasm_v128_xor(a.v[i], b)); });
  }
  static inline U add_u32(const U& a, const U& b) {
    return each([&](int i) { return wasm_i8x16_add(a.v[i], b.v[i]); });
  }
  static inline v128_t lane_sums(v128_t bytes) {
    return wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(bytes));
  }
  static inline uint32_t at_most(const U& a, uint32_t radius) {
    const v128_t most = wasm_i32x4_splat(static_cast<int32_t>(radius));
    uint32_t mask = 0;
    for (int i = 0; i < 4; ++i)
      mask |= static_cast<uint32_t>(wasm_i32x4_bitmask(wasm_i32x4_le(lane_sums(a.v[i]), most))) << (4 * i);
    return mask;
  }
  static inline void store_u32(uint32_t* out, const U& a) {
    for (int i = 0; i < 4; ++i) wasm_v128_store(out + 4 * i, lane_sums(a.v[i]));
  }
  static inline Rest rest_of(const uint32_t* words) { return wasm_v128_load(words); }
  static inline U rest_bits(const uint32_t* rows, Rest q) {
    uint32_t counts[16];
    for (int i = 0; i < 16; ++i) {
      const v128_t four = lane_sums(wasm_i8x16_popcnt(wasm_v128_xor(wasm_v128_load(rows + 4 * i), q)));
      const v128_t two = wasm_i32x4_add(four, wasm_i64x2_shuffle(four, four, 1, 1));
      counts[i] = static_cast<uint32_t>(wasm_i32x4_extract_lane(two, 0) + wasm_i32x4_extract_lane(two, 1));
    }
    return load_u32(counts);
  }
  static inline uint32_t near_u16(const uint16_t* p, uint16_t next, uint32_t most) {
    const v128_t q = wasm_i16x8_splat(static_cast<int16_t>(next));
    const v128_t limit = wasm_i16x8_splat(static_cast<int16_t>(most));
    uint32_t mask = 0;
    for (int i = 0; i < 4; ++i) {
      const v128_t bits = wasm_i8x16_popcnt(wasm_v128_xor(wasm_v128_load(p + 8 * i), q));
      const v128_t near = wasm_i16x8_le(wasm_u16x8_extadd_pairwise_u8x16(bits), limit);
      mask |= static_cast<uint32_t>(wasm_i16x8_bitmask(near)) << (8 * i);
    }
    return mask;
  }
  static inline uint32_t ones(uint64_t x) { return static_cast<uint32_t>(__builtin_popcountll(x)); }

  // Four pixels of four 16-bit samples. The fourth sample of a pixel that is read is whatever follows it.
  struct Pixels {
    v128_t ab, cd;
  };
  static inline Pixels half_pixels() { return {wasm_i16x8_splat(128), wasm_i16x8_splat(128)}; }
  static inline v128_t two_pixels(const uint16_t* a, const uint16_t* b) {
    return wasm_v128_load64_lane(b, wasm_v128_load64_zero(a), 1);
  }
  static inline Pixels weigh_pixels(const Pixels& sum, const uint16_t* a, const uint16_t* b, const uint16_t* c,
                                    const uint16_t* d, const uint16_t* weight) {
    return {wasm_i16x8_add(sum.ab, wasm_i16x8_mul(two_pixels(a, b), wasm_v128_load(weight))),
            wasm_i16x8_add(sum.cd, wasm_i16x8_mul(two_pixels(c, d), wasm_v128_load(weight + 8)))};
  }
  // Stores the upper bytes, three for each pixel, and four unused bytes.
  static inline void store_pixels(uint8_t* rgb, const Pixels& p) {
    wasm_v128_store(rgb, wasm_i8x16_shuffle(p.ab, p.cd, 1, 3, 5, 9, 11, 13, 17, 19, 21, 25, 27, 29, 0, 0, 0, 0));
  }
  // Keeps the even ones of pixels 0 … 4. It reads and writes sixteen bytes.
  static inline void every_other_pixel(const uint8_t* in, uint8_t* out) {
    const v128_t pixels = wasm_v128_load(in);
    wasm_v128_store(out, wasm_i8x16_shuffle(pixels, pixels, 0, 1, 2, 6, 7, 8, 12, 13, 14, 0, 0, 0, 0, 0, 0, 0));
  }
  // Splits sixteen pixels into channels.
  static inline void split_pixels(const uint8_t* rgb, uint8_t* r, uint8_t* g, uint8_t* b) {
    const Channels pixels = split(rgb);
    wasm_v128_store(r, pixels.r);
    wasm_v128_store(g, pixels.g);
    wasm_v128_store(b, pixels.b);
  }
  // Nothing is faster here than four pixels at a time.
  static inline bool mean_of_columns(const empreinte::SummedRows&) { return false; }
};

}  // namespace
