// 16 floats in two AVX2 registers. Two running sums in parallel hide half of the addition's latency. Division is that
// of lanes_avx512.h. A 16×16 transposition is four of 8×8, 24 shuffles each.
#include "sse_pixels.h"

namespace {

struct Avx2 : SsePixels {
  struct F {
    __m256 a, b;
  };
  struct Divisor {
    __m256 w, y;
  };

  static inline F zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static inline F set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static inline F load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static inline void store(float* p, const F& v) {
    _mm256_storeu_ps(p, v.a);
    _mm256_storeu_ps(p + 8, v.b);
  }
  static inline F add(const F& x, const F& y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
  static inline F sub(const F& x, const F& y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
  static inline F mul(const F& x, const F& y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
  static inline Divisor divisor(float w) { return {_mm256_set1_ps(w), _mm256_set1_ps(1.0f / w)}; }
  static inline __m256 divide(__m256 s, const Divisor& d) {
    const __m256 q = _mm256_mul_ps(s, d.y);
    return _mm256_fmadd_ps(_mm256_fnmadd_ps(q, d.w, s), d.y, q);
  }
  static inline F divide(const F& s, const Divisor& d) { return {divide(s.a, d), divide(s.b, d)}; }
  static inline F abs(const F& x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
  }
  static inline F trunc(const F& x) {
    return {_mm256_round_ps(x.a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC),
            _mm256_round_ps(x.b, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)};
  }
  static inline F less(const F& x, const F& y) {
    const __m256 one = _mm256_set1_ps(1.0f);
    return {_mm256_and_ps(_mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ), one),
            _mm256_and_ps(_mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ), one)};
  }
  static inline void store_whole(int32_t* p, const F& x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_cvttps_epi32(x.a));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), _mm256_cvttps_epi32(x.b));
  }
  // VMAXPS and VMINPS return their second operand unless the first is greater or less, so equal values give the first.
  static inline F max(const F& x, const F& y) { return {_mm256_max_ps(y.a, x.a), _mm256_max_ps(y.b, x.b)}; }
  static inline F min(const F& x, const F& y) { return {_mm256_min_ps(y.a, x.a), _mm256_min_ps(y.b, x.b)}; }
  static inline F sqrt(const F& x) { return {_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
  static inline F quotient(const F& x, const F& y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
  static inline F where_less(const F& a, const F& b, const F& x, const F& y) {
    return {_mm256_blendv_ps(y.a, x.a, _mm256_cmp_ps(a.a, b.a, _CMP_LT_OQ)),
            _mm256_blendv_ps(y.b, x.b, _mm256_cmp_ps(a.b, b.b, _CMP_LT_OQ))};
  }
  static inline F keep_less(const F& a, const F& b, const F& x) {
    return {_mm256_and_ps(x.a, _mm256_cmp_ps(a.a, b.a, _CMP_LT_OQ)),
            _mm256_and_ps(x.b, _mm256_cmp_ps(a.b, b.b, _CMP_LT_OQ))};
  }
  static inline uint32_t less_mask(const F& a, const F& b) {
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a.a, b.a, _CMP_LT_OQ))) |
           static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a.b, b.b, _CMP_LT_OQ))) << 8;
  }

  struct Sums {
    __m256i a, b;
  };
  static inline Sums no_sums() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static inline Sums add_products(const Sums& sums, uint32_t bytes, const int8_t* weights) {
    // Two products of 127 · 127 fit into 16 bits, so that nothing saturates.
    const __m256i four = _mm256_set1_epi32(static_cast<int>(bytes)), one = _mm256_set1_epi16(1);
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + 32));
    return {_mm256_add_epi32(sums.a, _mm256_madd_epi16(_mm256_maddubs_epi16(four, low), one)),
            _mm256_add_epi32(sums.b, _mm256_madd_epi16(_mm256_maddubs_epi16(four, high), one))};
  }
  static inline uint32_t above(const Sums& sums, const int32_t* threshold) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(threshold));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(threshold + 8));
    const __m256 a = _mm256_castsi256_ps(_mm256_cmpgt_epi32(sums.a, low));
    const __m256 b = _mm256_castsi256_ps(_mm256_cmpgt_epi32(sums.b, high));
    return static_cast<uint32_t>(_mm256_movemask_ps(a)) | static_cast<uint32_t>(_mm256_movemask_ps(b)) << 8;
  }

  static inline void transpose8(__m256 (&t)[8]) {
    __m256 u[8], v[8];
    for (int i = 0; i < 8; i += 2) {
      u[i] = _mm256_unpacklo_ps(t[i], t[i + 1]);
      u[i + 1] = _mm256_unpackhi_ps(t[i], t[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
      for (int k = 0; k < 2; ++k) {
        v[i + 2 * k] = _mm256_shuffle_ps(u[i + k], u[i + k + 2], 0x44);
        v[i + 2 * k + 1] = _mm256_shuffle_ps(u[i + k], u[i + k + 2], 0xee);
      }
    for (int i = 0; i < 4; ++i) {
      t[i] = _mm256_permute2f128_ps(v[i], v[i + 4], 0x20);
      t[i + 4] = _mm256_permute2f128_ps(v[i], v[i + 4], 0x31);
    }
  }
  static inline void transpose(F (&t)[16]) {
    __m256 top_left[8], top_right[8], bottom_left[8], bottom_right[8];
    for (int i = 0; i < 8; ++i) {
      top_left[i] = t[i].a;
      top_right[i] = t[i].b;
      bottom_left[i] = t[i + 8].a;
      bottom_right[i] = t[i + 8].b;
    }
    transpose8(top_left);
    transpose8(top_right);
    transpose8(bottom_left);
    transpose8(bottom_right);
    for (int i = 0; i < 8; ++i) {
      t[i] = {top_left[i], bottom_left[i]};
      t[i + 8] = {top_right[i], bottom_right[i]};
    }
  }

  // Loads base[at[k]] and the value after it. Loads of two are at least as fast as the processor's gather instruction.
  static inline void gather_pairs(const float* base, const int32_t* at, F* first, F* second) {
    __m128 firsts[4], seconds[4];
    for (int i = 0; i < 4; ++i, at += 4) {
      const __m128 a = two_pairs(base + at[0], base + at[1]), b = two_pairs(base + at[2], base + at[3]);
      firsts[i] = _mm_shuffle_ps(a, b, 0x88), seconds[i] = _mm_shuffle_ps(a, b, 0xdd);
    }
    *first = {_mm256_set_m128(firsts[1], firsts[0]), _mm256_set_m128(firsts[3], firsts[2])};
    *second = {_mm256_set_m128(seconds[1], seconds[0]), _mm256_set_m128(seconds[3], seconds[2])};
  }
  static inline __m128 two_pairs(const float* a, const float* b) {
    const __m128 low = _mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)));
    return _mm_loadh_pi(low, reinterpret_cast<const __m64*>(b));
  }

  static inline __m256 weigh(__m256i r, __m256i g, __m256i b) {
    const __m256 x = _mm256_mul_ps(_mm256_set1_ps(0.299f), _mm256_cvtepi32_ps(r));
    const __m256 y = _mm256_mul_ps(_mm256_set1_ps(0.587f), _mm256_cvtepi32_ps(g));
    const __m256 z = _mm256_mul_ps(_mm256_set1_ps(0.114f), _mm256_cvtepi32_ps(b));
    return _mm256_add_ps(_mm256_add_ps(x, y), z);
  }
  static inline __m256 grey8(const uint8_t* s) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(s))));
  }
  // Computes eight pixels, four in each half. `halves` holds the 12 bytes of each at the offset `at`.
  static inline __m256 rgb8(__m256i halves, int8_t at) {
    const __m256i r = _mm256_setr_epi8(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1, 0, -1, -1, -1, 3, -1,
                                       -1, -1, 6, -1, -1, -1, 9, -1, -1, -1);
    const __m256i used = _mm256_set1_epi32(1);
    const __m256i red = _mm256_add_epi8(r, _mm256_set1_epi32(at));
    const __m256i green = _mm256_add_epi8(red, used), blue = _mm256_add_epi8(green, used);
    return weigh(_mm256_shuffle_epi8(halves, red), _mm256_shuffle_epi8(halves, green),
                 _mm256_shuffle_epi8(halves, blue));
  }
  static inline __m256i halves(const uint8_t* low, const uint8_t* high) {
    return _mm256_set_m128i(_mm_loadu_si128(reinterpret_cast<const __m128i*>(high)),
                            _mm_loadu_si128(reinterpret_cast<const __m128i*>(low)));
  }
  static inline __m256 rgba8(const uint8_t* s) {
    const __m256i px = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(s)), byte = _mm256_set1_epi32(255);
    return weigh(_mm256_and_si256(px, byte), _mm256_and_si256(_mm256_srli_epi32(px, 8), byte),
                 _mm256_and_si256(_mm256_srli_epi32(px, 16), byte));
  }

  template <uint32_t C>
  static inline F luma(const uint8_t* s) {
    if constexpr (C == 1) {
      return {grey8(s), grey8(s + 8)};
    } else if constexpr (C == 3) {
      // It reads 48 bytes and no more: the last four pixels come from the 16 bytes that end with them.
      return {rgb8(halves(s, s + 12), 0), rgb8(halves(s + 20, s + 32), 4)};
    } else {
      return {rgba8(s), rgba8(s + 32)};
    }
  }

  static inline __m256i bytes32(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  // Works as in lanes_avx512.h, 32 samples at a time.
  static inline void accumulate(const uint8_t* const (&in)[4], const uint8_t (&weight)[4], int32_t* sums, uint32_t n) {
    const __m256i first = _mm256_set1_epi16(static_cast<int16_t>(weight[0] | weight[1] << 8));
    const __m256i second = _mm256_set1_epi16(static_cast<int16_t>(weight[2] | weight[3] << 8));
    const __m256i zero = _mm256_setzero_si256();
    for (uint32_t i = 0; i < n; i += 32) {
      const __m256i a = bytes32(in[0] + i), b = bytes32(in[1] + i), c = bytes32(in[2] + i), d = bytes32(in[3] + i);
      const __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), first),
                                           _mm256_maddubs_epi16(_mm256_unpacklo_epi8(c, d), second));
      const __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), first),
                                            _mm256_maddubs_epi16(_mm256_unpackhi_epi8(c, d), second));
      const __m256i wide[4] = {_mm256_unpacklo_epi16(low, zero), _mm256_unpackhi_epi16(low, zero),
                               _mm256_unpacklo_epi16(high, zero), _mm256_unpackhi_epi16(high, zero)};
      for (int k = 0; k < 4; ++k) {
        __m256i* sum = reinterpret_cast<__m256i*>(sums + i + 8 * k);
        _mm256_storeu_si256(sum, _mm256_add_epi32(_mm256_loadu_si256(sum), wide[k]));
      }
    }
  }
  static inline void to_floats(const int32_t* sums, float* out, uint32_t n) {
    for (uint32_t i = 0; i < n; i += 32)
      for (int k = 0; k < 4; ++k) {
        const __m256 v = _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums + i + 8 * k)));
        _mm_storeu_ps(out + i + 4 * k, _mm256_castps256_ps128(v));
        _mm_storeu_ps(out + i + 4 * k + 16, _mm256_extractf128_ps(v, 1));
      }
  }
  static inline void accumulate_float(const uint8_t* in, float weight, float* sums, uint32_t n) {
    const __m256 w = _mm256_set1_ps(weight);
    for (uint32_t i = 0; i < n; i += 8)
      _mm256_storeu_ps(sums + i, _mm256_fmadd_ps(w, grey8(in + i), _mm256_loadu_ps(sums + i)));
  }
  static inline float dot(const float* a, const float* b, uint32_t n) {
    __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
    for (uint32_t i = 0; i < n; i += 16) {
      even = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), even);
      odd = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), odd);
    }
    const __m256 sum = _mm256_add_ps(even, odd);
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }

  // Sixteen counts of bits, four bytes in each lane, which are added only when they are compared. AVX2 has no vector
  // popcount, so it looks up four bits twice.
  struct U {
    __m256i a, b;
  };
  using Word = __m256i;
  struct Rest {
    uint64_t low, high;
  };
  static inline __m256i byte_bits(__m256i x) {
    const __m256i counts = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i nibble = _mm256_set1_epi8(15);
    return _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(x, nibble)),
                           _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble)));
  }
  static inline __m256i lane_sums(__m256i bytes) {
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
  }
  static inline Word set_u32(uint32_t x) { return _mm256_set1_epi32(static_cast<int>(x)); }
  static inline U load_u32(const uint32_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
  }
  static inline U bits_xor(const U& x, Word w) {
    return {byte_bits(_mm256_xor_si256(x.a, w)), byte_bits(_mm256_xor_si256(x.b, w))};
  }
  static inline U add_u32(const U& x, const U& y) { return {_mm256_add_epi8(x.a, y.a), _mm256_add_epi8(x.b, y.b)}; }
  static inline uint32_t at_most(const U& x, uint32_t radius) {
    const __m256i above = _mm256_set1_epi32(static_cast<int>(radius) + 1);
    const auto mask = [](__m256i v) { return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(v))); };
    return mask(_mm256_cmpgt_epi32(above, lane_sums(x.a))) | mask(_mm256_cmpgt_epi32(above, lane_sums(x.b))) << 8;
  }
  static inline void store_u32(uint32_t* out, const U& x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), lane_sums(x.a));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8), lane_sums(x.b));
  }
  static inline Rest rest_of(const uint32_t* words) {
    Rest rest;
    std::memcpy(&rest, words, 16);
    return rest;
  }
  static inline U rest_bits(const uint32_t* rows, const Rest& q) {
    uint32_t counts[16];
    for (int i = 0; i < 16; ++i) {
      uint64_t r[2];
      std::memcpy(r, rows + 4 * i, 16);
      counts[i] = static_cast<uint32_t>(_mm_popcnt_u64(r[0] ^ q.low) + _mm_popcnt_u64(r[1] ^ q.high));
    }
    return load_u32(counts);
  }
  static inline uint32_t near_u16(const uint16_t* p, uint16_t next, uint32_t most) {
    const __m256i q = _mm256_set1_epi16(static_cast<int16_t>(next));
    const __m256i above = _mm256_set1_epi16(static_cast<int16_t>(most + 1)), one = _mm256_set1_epi8(1);
    const U x = load_u32(reinterpret_cast<const uint32_t*>(p));
    const __m256i a = _mm256_cmpgt_epi16(above, _mm256_maddubs_epi16(byte_bits(_mm256_xor_si256(x.a, q)), one));
    const __m256i b = _mm256_cmpgt_epi16(above, _mm256_maddubs_epi16(byte_bits(_mm256_xor_si256(x.b, q)), one));
    const __m256i in_order = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xd8);
    return static_cast<uint32_t>(_mm256_movemask_epi8(in_order));
  }
  static inline uint32_t ones(uint64_t x) { return static_cast<uint32_t>(_mm_popcnt_u64(x)); }

  // Nothing is faster here than four pixels at a time.
  static inline bool mean_of_columns(const empreinte::SummedRows&) { return false; }
};

}  // namespace
