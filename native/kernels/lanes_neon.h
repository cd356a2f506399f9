// 16 floats in four NEON registers. Four running sums in parallel hide the addition's latency. Division is that of
// lanes_avx512.h (vdivq takes 7 to 10 cycles on cores of 2020, this 1.5). A 16×16 transposition is sixteen of 4×4.

namespace {

struct Neon {
  struct F {
    float32x4_t v[4];
  };
  struct Divisor {
    float32x4_t w, y;
  };

  static inline F zero() { return set(0.0f); }
  static inline F set(float x) {
    const float32x4_t v = vdupq_n_f32(x);
    return {{v, v, v, v}};
  }
  static inline F load(const float* p) {
    return {{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
  }
  static inline void store(float* p, const F& a) {
    for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, a.v[i]);
  }
  static inline F add(const F& a, const F& b) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vaddq_f32(a.v[i], b.v[i]);
    return r;
  }
  static inline F sub(const F& a, const F& b) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vsubq_f32(a.v[i], b.v[i]);
    return r;
  }
  static inline F mul(const F& a, const F& b) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vmulq_f32(a.v[i], b.v[i]);
    return r;
  }
  static inline Divisor divisor(float w) { return {vdupq_n_f32(w), vdupq_n_f32(1.0f / w)}; }
  static inline F divide(const F& s, const Divisor& d) {
    F r;
    for (int i = 0; i < 4; ++i) {
      const float32x4_t q = vmulq_f32(s.v[i], d.y);
      r.v[i] = vfmaq_f32(q, vfmsq_f32(s.v[i], q, d.w), d.y);
    }
    return r;
  }
  static inline F abs(const F& a) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vabsq_f32(a.v[i]);
    return r;
  }
  static inline F trunc(const F& a) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vrndq_f32(a.v[i]);
    return r;
  }
  static inline F less(const F& a, const F& b) {
    const uint32x4_t one = vreinterpretq_u32_f32(vdupq_n_f32(1.0f));
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vreinterpretq_f32_u32(vandq_u32(vcltq_f32(a.v[i], b.v[i]), one));
    return r;
  }
  static inline void store_whole(int32_t* p, const F& a) {
    for (int i = 0; i < 4; ++i) vst1q_s32(p + 4 * i, vcvtq_s32_f32(a.v[i]));
  }
  static inline F max(const F& a, const F& b) { return where_less(a, b, b, a); }
  static inline F min(const F& a, const F& b) { return where_less(b, a, b, a); }
  static inline F sqrt(const F& a) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vsqrtq_f32(a.v[i]);
    return r;
  }
  static inline F quotient(const F& a, const F& b) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vdivq_f32(a.v[i], b.v[i]);
    return r;
  }
  static inline F where_less(const F& a, const F& b, const F& x, const F& y) {
    F r;
    for (int i = 0; i < 4; ++i) r.v[i] = vbslq_f32(vcltq_f32(a.v[i], b.v[i]), x.v[i], y.v[i]);
    return r;
  }
  static inline F keep_less(const F& a, const F& b, const F& x) { return where_less(a, b, x, zero()); }
  static inline uint32_t mask_of(const uint32x4_t (&v)[4]) {
    const uint32x4_t bit = {1, 2, 4, 8};
    uint32_t mask = 0;
    for (int i = 0; i < 4; ++i) mask |= vaddvq_u32(vandq_u32(v[i], bit)) << (4 * i);
    return mask;
  }
  static inline uint32_t less_mask(const F& a, const F& b) {
    uint32x4_t v[4];
    for (int i = 0; i < 4; ++i) v[i] = vcltq_f32(a.v[i], b.v[i]);
    return mask_of(v);
  }

  struct Sums {
    int32x4_t v[4];
  };
  static inline Sums no_sums() {
    const int32x4_t none = vdupq_n_s32(0);
    return {{none, none, none, none}};
  }
  static inline Sums add_products(const Sums& sums, uint32_t bytes, const int8_t* weights) {
    const int8x16_t four = vreinterpretq_s8_u32(vdupq_n_u32(bytes));
    Sums r;
    for (int i = 0; i < 4; ++i) {
      const int8x16_t w = vld1q_s8(weights + 16 * i);
      const int16x8_t low = vmull_s8(vget_low_s8(four), vget_low_s8(w)), high = vmull_high_s8(four, w);
      r.v[i] = vaddq_s32(sums.v[i], vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
    }
    return r;
  }
  static inline uint32_t above(const Sums& sums, const int32_t* threshold) {
    uint32x4_t v[4];
    for (int i = 0; i < 4; ++i) v[i] = vcgtq_s32(sums.v[i], vld1q_s32(threshold + 4 * i));
    return mask_of(v);
  }

  // Loads base[at[k]] and the value after it.
  static inline void gather_pairs(const float* base, const int32_t* at, F* first, F* second) {
    for (int i = 0; i < 4; ++i, at += 4) {
      const float32x4_t a = vcombine_f32(vld1_f32(base + at[0]), vld1_f32(base + at[1]));
      const float32x4_t b = vcombine_f32(vld1_f32(base + at[2]), vld1_f32(base + at[3]));
      first->v[i] = vuzp1q_f32(a, b), second->v[i] = vuzp2q_f32(a, b);
    }
  }

  static inline void transpose(F (&t)[16]) {
    F u[16];
    for (int rows = 0; rows < 4; ++rows)
      for (int columns = 0; columns < 4; ++columns) {
        const float32x4_t a = t[4 * rows].v[columns], b = t[4 * rows + 1].v[columns];
        const float32x4_t c = t[4 * rows + 2].v[columns], d = t[4 * rows + 3].v[columns];
        const float64x2_t ab_even = vreinterpretq_f64_f32(vtrn1q_f32(a, b)),
                          ab_odd = vreinterpretq_f64_f32(vtrn2q_f32(a, b));
        const float64x2_t cd_even = vreinterpretq_f64_f32(vtrn1q_f32(c, d)),
                          cd_odd = vreinterpretq_f64_f32(vtrn2q_f32(c, d));
        u[4 * columns].v[rows] = vreinterpretq_f32_f64(vtrn1q_f64(ab_even, cd_even));
        u[4 * columns + 1].v[rows] = vreinterpretq_f32_f64(vtrn1q_f64(ab_odd, cd_odd));
        u[4 * columns + 2].v[rows] = vreinterpretq_f32_f64(vtrn2q_f64(ab_even, cd_even));
        u[4 * columns + 3].v[rows] = vreinterpretq_f32_f64(vtrn2q_f64(ab_odd, cd_odd));
      }
    for (int i = 0; i < 16; ++i) t[i] = u[i];
  }

  static inline F widen(uint8x16_t bytes) {
    const uint16x8_t low = vmovl_u8(vget_low_u8(bytes)), high = vmovl_high_u8(bytes);
    return {{vcvtq_f32_u32(vmovl_u16(vget_low_u16(low))), vcvtq_f32_u32(vmovl_high_u16(low)),
             vcvtq_f32_u32(vmovl_u16(vget_low_u16(high))), vcvtq_f32_u32(vmovl_high_u16(high))}};
  }
  static inline F weigh(uint8x16_t r, uint8x16_t g, uint8x16_t b) {
    return add(add(mul(set(0.299f), widen(r)), mul(set(0.587f), widen(g))), mul(set(0.114f), widen(b)));
  }
  template <uint32_t C>
  static inline F luma(const uint8_t* s) {
    if constexpr (C == 1) {
      return widen(vld1q_u8(s));
    } else if constexpr (C == 3) {
      const uint8x16x3_t px = vld3q_u8(s);
      return weigh(px.val[0], px.val[1], px.val[2]);
    } else {
      const uint8x16x4_t px = vld4q_u8(s);
      return weigh(px.val[0], px.val[1], px.val[2]);
    }
  }

  static inline void accumulate(const uint8_t* const (&in)[4], const uint8_t (&weight)[4], int32_t* sums, uint32_t n) {
    const uint8x16_t w[4] = {vdupq_n_u8(weight[0]), vdupq_n_u8(weight[1]), vdupq_n_u8(weight[2]),
                             vdupq_n_u8(weight[3])};
    for (uint32_t i = 0; i < n; i += 16) {
      const uint8x16_t first = vld1q_u8(in[0] + i);
      uint16x8_t low = vmull_u8(vget_low_u8(first), vget_low_u8(w[0])), high = vmull_high_u8(first, w[0]);
      for (int k = 1; k < 4; ++k) {
        const uint8x16_t row = vld1q_u8(in[k] + i);
        low = vmlal_u8(low, vget_low_u8(row), vget_low_u8(w[k]));
        high = vmlal_high_u8(high, row, w[k]);
      }
      uint32_t* out = reinterpret_cast<uint32_t*>(sums + i);
      vst1q_u32(out, vaddw_u16(vld1q_u32(out), vget_low_u16(low)));
      vst1q_u32(out + 4, vaddw_high_u16(vld1q_u32(out + 4), low));
      vst1q_u32(out + 8, vaddw_u16(vld1q_u32(out + 8), vget_low_u16(high)));
      vst1q_u32(out + 12, vaddw_high_u16(vld1q_u32(out + 12), high));
    }
  }
  static inline void to_floats(const int32_t* sums, float* out, uint32_t n) {
    for (uint32_t i = 0; i < n; i += 4) vst1q_f32(out + i, vcvtq_f32_s32(vld1q_s32(sums + i)));
  }
  static inline void accumulate_float(const uint8_t* in, float weight, float* sums, uint32_t n) {
    const F w = set(weight);
    for (uint32_t i = 0; i < n; i += 16) store(sums + i, add(load(sums + i), mul(w, luma<1>(in + i))));
  }
  static inline float dot(const float* a, const float* b, uint32_t n) {
    F sum = zero();
    for (uint32_t i = 0; i < n; i += 16)
      for (int k = 0; k < 4; ++k) sum.v[k] = vfmaq_f32(sum.v[k], vld1q_f32(a + i + 4 * k), vld1q_f32(b + i + 4 * k));
    return vaddvq_f32(vaddq_f32(vaddq_f32(sum.v[0], sum.v[1]), vaddq_f32(sum.v[2], sum.v[3])));
  }

  // Sixteen counts of bits, four bytes in each lane, which are added only when they are compared.
  struct U {
    uint8x16_t v[4];
  };
  using Word = uint8x16_t;
  using Rest = uint8x16_t;
  static inline Word set_u32(uint32_t x) { return vreinterpretq_u8_u32(vdupq_n_u32(x)); }
  static inline U load_u32(const uint32_t* p) {
    U r;
    for (int i = 0; i < 4; ++i) r.v[i] = vreinterpretq_u8_u32(vld1q_u32(p + 4 * i));
    return r;
  }
  static inline U bits_xor(const U& a, Word b) {
    U r;
    for (int i = 0; i < 4; ++i) r.v[i] = vcntq_u8(veorq_u8(a.v[i], b));
    return r;
  }
  static inline U add_u32(const U& a, const U& b) {
    U r;
    for (int i = 0; i < 4; ++i) r.v[i] = vaddq_u8(a.v[i], b.v[i]);
    return r;
  }
  static inline uint32x4_t lane_sums(uint8x16_t bytes) { return vpaddlq_u16(vpaddlq_u8(bytes)); }
  static inline uint32_t at_most(const U& a, uint32_t radius) {
    const uint32x4_t most = vdupq_n_u32(radius);
    uint32_t mask = 0;
    for (int i = 0; i < 4; ++i) {
      const uint32x4_t weight = {1, 2, 4, 8};
      mask |= vaddvq_u32(vandq_u32(vcleq_u32(lane_sums(a.v[i]), most), weight)) << (4 * i);
    }
    return mask;
  }
  static inline void store_u32(uint32_t* out, const U& a) {
    for (int i = 0; i < 4; ++i) vst1q_u32(out + 4 * i, lane_sums(a.v[i]));
  }
  static inline Rest rest_of(const uint32_t* words) { return vreinterpretq_u8_u32(vld1q_u32(words)); }
  static inline U rest_bits(const uint32_t* rows, Rest q) {
    uint32_t counts[16];
    for (int i = 0; i < 16; ++i)
      counts[i] = vaddvq_u8(vcntq_u8(veorq_u8(vreinterpretq_u8_u32(vld1q_u32(rows + 4 * i)), q)));
    return load_u32(counts);
  }
  static inline uint32_t near_u16(const uint16_t* p, uint16_t next, uint32_t most) {
    const uint8x16_t q = vreinterpretq_u8_u16(vdupq_n_u16(next));
    const uint16x8_t limit = vdupq_n_u16(static_cast<uint16_t>(most)), weight = {1, 2, 4, 8, 16, 32, 64, 128};
    uint32_t mask = 0;
    for (int i = 0; i < 4; ++i) {
      const uint8x16_t x = veorq_u8(vreinterpretq_u8_u16(vld1q_u16(p + 8 * i)), q);
      const uint16x8_t near = vcleq_u16(vpaddlq_u8(vcntq_u8(x)), limit);
      mask |= static_cast<uint32_t>(vaddvq_u16(vandq_u16(near, weight))) << (8 * i);
    }
    return mask;
  }
  static inline uint32_t ones(uint64_t x) { return vaddv_u8(vcnt_u8(vcreate_u8(x))); }

  // Four pixels of four 16-bit samples. The fourth sample of a pixel that is read is whatever follows it.
  struct Pixels {
    uint16x8_t ab, cd;
  };
  static inline Pixels half_pixels() { return {vdupq_n_u16(128), vdupq_n_u16(128)}; }
  static inline Pixels weigh_pixels(const Pixels& sum, const uint16_t* a, const uint16_t* b, const uint16_t* c,
                                    const uint16_t* d, const uint16_t* weight) {
    return {vmlaq_u16(sum.ab, vcombine_u16(vld1_u16(a), vld1_u16(b)), vld1q_u16(weight)),
            vmlaq_u16(sum.cd, vcombine_u16(vld1_u16(c), vld1_u16(d)), vld1q_u16(weight + 8))};
  }
  // Stores the upper bytes, three for each pixel, and four unused bytes.
  static inline void store_pixels(uint8_t* rgb, const Pixels& p) {
    static const uint8_t kThree[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255};
    const uint8x16_t bytes = vcombine_u8(vshrn_n_u16(p.ab, 8), vshrn_n_u16(p.cd, 8));
    vst1q_u8(rgb, vqtbl1q_u8(bytes, vld1q_u8(kThree)));
  }
  // Keeps the even ones of pixels 0 … 4. It reads and writes sixteen bytes.
  static inline void every_other_pixel(const uint8_t* in, uint8_t* out) {
    static const uint8_t kEven[16] = {0, 1, 2, 6, 7, 8, 12, 13, 14, 255, 255, 255, 255, 255, 255, 255};
    vst1q_u8(out, vqtbl1q_u8(vld1q_u8(in), vld1q_u8(kEven)));
  }
  // Splits sixteen pixels into channels.
  static inline void split_pixels(const uint8_t* rgb, uint8_t* r, uint8_t* g, uint8_t* b) {
    const uint8x16x3_t pixels = vld3q_u8(rgb);
    vst1q_u8(r, pixels.val[0]);
    vst1q_u8(g, pixels.val[1]);
    vst1q_u8(b, pixels.val[2]);
  }
  // Nothing is faster here than four pixels at a time.
  static inline bool mean_of_columns(const empreinte::SummedRows&) { return false; }
};

}  // namespace
