// 16 floats in one AVX-512 register. Division by a window is a multiplication and two fused steps: q = s·y, r = s −
// q·w, q + r·y with y = 1/w. That is the true quotient for every float and w = 1 … 256 (checked exhaustively; a plain
// reciprocal is wrong in 27 % of cases). At 512 bits a true division costs 16 cycles, this one 1.5. It is the only fma
// in the exact method. A transposition is 64 two-source shuffles, all on one port. After the additions, it costs the
// most in the exact method.
#include "sse_pixels.h"

namespace {

struct Avx512 : SsePixels {
  using F = __m512;
  struct Divisor {
    F w, y;
  };

  static inline F zero() { return _mm512_setzero_ps(); }
  static inline F set(float x) { return _mm512_set1_ps(x); }
  static inline F load(const float* p) { return _mm512_loadu_ps(p); }
  static inline void store(float* p, F a) { _mm512_storeu_ps(p, a); }
  static inline F add(F a, F b) { return _mm512_add_ps(a, b); }
  static inline F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static inline F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static inline Divisor divisor(float w) { return {set(w), set(1.0f / w)}; }
  static inline F divide(F s, const Divisor& d) {
    const F q = _mm512_mul_ps(s, d.y);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, d.w, s), d.y, q);
  }
  static inline F abs(F a) { return _mm512_abs_ps(a); }
  static inline F trunc(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
  static inline F less(F a, F b) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), set(1.0f)); }
  static inline void store_whole(int32_t* p, F a) { _mm512_storeu_si512(p, _mm512_cvttps_epi32(a)); }
  static inline F max(F a, F b) { return _mm512_mask_mov_ps(a, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), b); }
  static inline F min(F a, F b) { return _mm512_mask_mov_ps(a, _mm512_cmp_ps_mask(b, a, _CMP_LT_OQ), b); }
  static inline F sqrt(F a) { return _mm512_sqrt_ps(a); }
  static inline F quotient(F a, F b) { return _mm512_div_ps(a, b); }
  static inline F where_less(F a, F b, F x, F y) {
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), x);
  }
  static inline F keep_less(F a, F b, F x) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), x); }
  static inline uint32_t less_mask(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }

  using Sums = __m512i;
  static inline Sums no_sums() { return _mm512_setzero_si512(); }
  static inline Sums add_products(Sums sums, uint32_t bytes, const int8_t* weights) {
    // Two products of 127 · 127 fit into 16 bits, so that nothing saturates.
    const __m512i pairs = _mm512_maddubs_epi16(_mm512_set1_epi32(static_cast<int>(bytes)), _mm512_loadu_si512(weights));
    return _mm512_add_epi32(sums, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  static inline uint32_t above(Sums sums, const int32_t* threshold) {
    return _mm512_cmpgt_epi32_mask(sums, _mm512_loadu_si512(threshold));
  }

  static inline void transpose(F (&t)[16]) {
    F u[16], v[16];
    for (int i = 0; i < 16; i += 2) {
      u[i] = _mm512_unpacklo_ps(t[i], t[i + 1]);
      u[i + 1] = _mm512_unpackhi_ps(t[i], t[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
      for (int k = 0; k < 2; ++k) {
        const __m512d a = _mm512_castps_pd(u[i + k]), b = _mm512_castps_pd(u[i + k + 2]);
        v[i + 2 * k] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
        v[i + 2 * k + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
      }
    // v[4g + c]: rows 4g … 4g+3 of the columns c, c+4, c+8, c+12, a quarter register each.
    for (int c = 0; c < 4; ++c) {
      const F low0 = _mm512_shuffle_f32x4(v[c], v[4 + c], 0x88), high0 = _mm512_shuffle_f32x4(v[c], v[4 + c], 0xdd);
      const F low1 = _mm512_shuffle_f32x4(v[8 + c], v[12 + c], 0x88);
      const F high1 = _mm512_shuffle_f32x4(v[8 + c], v[12 + c], 0xdd);
      t[c] = _mm512_shuffle_f32x4(low0, low1, 0x88);
      t[c + 4] = _mm512_shuffle_f32x4(high0, high1, 0x88);
      t[c + 8] = _mm512_shuffle_f32x4(low0, low1, 0xdd);
      t[c + 12] = _mm512_shuffle_f32x4(high0, high1, 0xdd);
    }
  }

  // Loads base[at[k]] and the value after it.
  static inline void gather_pairs(const float* base, const int32_t* at, F* first, F* second) {
    const __m512i places = _mm512_loadu_si512(at);
    const F low = _mm512_castsi512_ps(_mm512_i32gather_epi64(_mm512_castsi512_si256(places), base, sizeof(float)));
    const F high =
        _mm512_castsi512_ps(_mm512_i32gather_epi64(_mm512_extracti64x4_epi64(places, 1), base, sizeof(float)));
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *first = _mm512_permutex2var_ps(low, even, high);
    *second = _mm512_permutex2var_ps(low, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high);
  }

  static inline F weigh(__m512i r, __m512i g, __m512i b) {
    const F x = _mm512_mul_ps(set(0.299f), _mm512_cvtepi32_ps(r));
    const F y = _mm512_mul_ps(set(0.587f), _mm512_cvtepi32_ps(g));
    const F z = _mm512_mul_ps(set(0.114f), _mm512_cvtepi32_ps(b));
    return _mm512_add_ps(_mm512_add_ps(x, y), z);
  }

  template <uint32_t C>
  static inline F luma(const uint8_t* s) {
    if constexpr (C == 1) {
      return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(s))));
    } else if constexpr (C == 3) {
      // Four pixels (12 bytes) to each quarter, then each channel zero-extended by one byte shuffle.
      const __m512i raw = _mm512_maskz_loadu_epi8((__mmask64{1} << 48) - 1, s);
      const __m512i quarters = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
      const __m512i px = _mm512_permutexvar_epi32(quarters, raw);
      const __m512i r =
          _mm512_broadcast_i32x4(_mm_setr_epi8(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
      const __m512i one = _mm512_broadcast_i32x4(_mm_setr_epi8(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0));
      const __m512i g = _mm512_add_epi8(r, one), b = _mm512_add_epi8(g, one);
      return weigh(_mm512_shuffle_epi8(px, r), _mm512_shuffle_epi8(px, g), _mm512_shuffle_epi8(px, b));
    } else {
      const __m512i px = _mm512_loadu_si512(s), byte = _mm512_set1_epi32(255);
      return weigh(_mm512_and_si512(px, byte), _mm512_and_si512(_mm512_srli_epi32(px, 8), byte),
                   _mm512_and_si512(_mm512_srli_epi32(px, 16), byte));
    }
  }

  // Bytes of two rows are interleaved, multiplied and added in pairs (vpmaddubsw), two pairs added in 16 bits, then
  // widened. `sums` holds, for 64 samples, four registers in the order the unpacking leaves them; to_floats() puts them
  // right.
  static inline void accumulate(const uint8_t* const (&in)[4], const uint8_t (&weight)[4], int32_t* sums, uint32_t n) {
    const __m512i first = _mm512_set1_epi16(static_cast<int16_t>(weight[0] | weight[1] << 8));
    const __m512i second = _mm512_set1_epi16(static_cast<int16_t>(weight[2] | weight[3] << 8));
    const __m512i zero = _mm512_setzero_si512();
    for (uint32_t i = 0; i < n; i += 64) {
      const __m512i a = _mm512_loadu_si512(in[0] + i), b = _mm512_loadu_si512(in[1] + i);
      const __m512i c = _mm512_loadu_si512(in[2] + i), d = _mm512_loadu_si512(in[3] + i);
      const __m512i low = _mm512_add_epi16(_mm512_maddubs_epi16(_mm512_unpacklo_epi8(a, b), first),
                                           _mm512_maddubs_epi16(_mm512_unpacklo_epi8(c, d), second));
      const __m512i high = _mm512_add_epi16(_mm512_maddubs_epi16(_mm512_unpackhi_epi8(a, b), first),
                                            _mm512_maddubs_epi16(_mm512_unpackhi_epi8(c, d), second));
      const __m512i wide[4] = {_mm512_unpacklo_epi16(low, zero), _mm512_unpackhi_epi16(low, zero),
                               _mm512_unpacklo_epi16(high, zero), _mm512_unpackhi_epi16(high, zero)};
      for (int k = 0; k < 4; ++k)
        _mm512_storeu_si512(sums + i + 16 * k, _mm512_add_epi32(_mm512_loadu_si512(sums + i + 16 * k), wide[k]));
    }
  }
  static inline void to_floats(const int32_t* sums, float* out, uint32_t n) {
    for (uint32_t i = 0; i < n; i += 64)
      for (int k = 0; k < 4; ++k) {
        const F v = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + i + 16 * k));
        _mm_storeu_ps(out + i + 4 * k, _mm512_castps512_ps128(v));
        _mm_storeu_ps(out + i + 4 * k + 16, _mm512_extractf32x4_ps(v, 1));
        _mm_storeu_ps(out + i + 4 * k + 32, _mm512_extractf32x4_ps(v, 2));
        _mm_storeu_ps(out + i + 4 * k + 48, _mm512_extractf32x4_ps(v, 3));
      }
  }
  static inline void accumulate_float(const uint8_t* in, float weight, float* sums, uint32_t n) {
    const F w = set(weight);
    for (uint32_t i = 0; i < n; i += 16) store(sums + i, _mm512_fmadd_ps(w, luma<1>(in + i), load(sums + i)));
  }
  static inline float dot(const float* a, const float* b, uint32_t n) {
    F even = zero(), odd = zero();
    uint32_t i = 0;
    for (; i + 32 <= n; i += 32) {
      even = _mm512_fmadd_ps(load(a + i), load(b + i), even);
      odd = _mm512_fmadd_ps(load(a + i + 16), load(b + i + 16), odd);
    }
    if (i < n) even = _mm512_fmadd_ps(load(a + i), load(b + i), even);
    return _mm512_reduce_add_ps(add(even, odd));
  }

  // Sixteen counts of bits.
  using U = __m512i;
  using Word = __m512i;
  using Rest = __m512i;
  static inline Word set_u32(uint32_t x) { return _mm512_set1_epi32(static_cast<int>(x)); }
  static inline __m512i load_u32(const uint32_t* p) { return _mm512_loadu_si512(p); }
  static inline U bits_xor(__m512i a, Word b) { return _mm512_popcnt_epi32(_mm512_xor_si512(a, b)); }
  static inline U add_u32(U a, U b) { return _mm512_add_epi32(a, b); }
  static inline uint32_t at_most(U a, uint32_t radius) {
    return _mm512_cmple_epu32_mask(a, _mm512_set1_epi32(static_cast<int>(radius)));
  }
  static inline void store_u32(uint32_t* out, U a) { _mm512_storeu_si512(out, a); }
  static inline Rest rest_of(const uint32_t* words) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(words)));
  }
  // Each register has four rows with four counts each. A 4×4 transposition in each quarter adds them.
  static inline U rest_bits(const uint32_t* rows, Rest q) {
    U n[4];
    for (int k = 0; k < 4; ++k) n[k] = bits_xor(load_u32(rows + 16 * k), q);
    const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(n[0], n[1]), _mm512_unpackhi_epi32(n[0], n[1]));
    const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(n[2], n[3]), _mm512_unpackhi_epi32(n[2], n[3]));
    const __m512i sums = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    // Quarter g holds the rows g, 4 + g, 8 + g, 12 + g.
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), sums);
  }
  static inline uint32_t near_u16(const uint16_t* p, uint16_t next, uint32_t most) {
    const __m512i x = _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_set1_epi16(static_cast<int16_t>(next)));
    return _mm512_cmple_epu16_mask(_mm512_popcnt_epi16(x), _mm512_set1_epi16(static_cast<int16_t>(most)));
  }
  static inline uint32_t ones(uint64_t x) { return static_cast<uint32_t>(_mm_popcnt_u64(x)); }

  // Reduces eight pixels at a time, if they come from pixels in one or two registers: the 24 samples of each tap are
  // one permutation. Returns false if they do not.
  static inline bool mean_of_columns(const empreinte::SummedRows& c) {
    if (c.taps < 2 || c.taps > 4) return false;
    uint32_t farthest = 0;
    for (uint32_t i = 0; i < c.width; i += 8) {
      const uint32_t last = c.width - i < 8 ? c.width - i - 1 : 7, apart = c.first[i + last] - c.first[i];
      farthest = apart > farthest ? apart : farthest;
    }
    const uint32_t span = c.channels * farthest + 3;
    if (span > 64) return false;
    const bool one = span <= 32;
    if (c.taps == 2) one ? eight_pixels<2, true>(c) : eight_pixels<2, false>(c);
    if (c.taps == 3) one ? eight_pixels<3, true>(c) : eight_pixels<3, false>(c);
    if (c.taps == 4) one ? eight_pixels<4, true>(c) : eight_pixels<4, false>(c);
    return true;
  }
  template <uint32_t Taps, bool One>
  static inline void eight_pixels(const empreinte::SummedRows& c) {
    // Lane l is sample l % 3 of pixel l / 3.
    alignas(64) uint16_t pixel[32], sample[32], four_times[32];
    for (uint16_t l = 0; l < 32; ++l) {
      pixel[l] = l / 3 & 7, sample[l] = l % 3;
      four_times[l] = static_cast<uint16_t>(pixel[l] * 4);
    }
    const __m512i pixels = _mm512_load_si512(pixel), samples = _mm512_load_si512(sample);
    const __m512i weights_of = _mm512_load_si512(four_times), half = _mm512_set1_epi16(128);
    for (uint32_t i = 0; i < c.width; i += 8) {
      const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(c.first + i));
      const __m256i apart = _mm256_mullo_epi32(_mm256_sub_epi32(first, _mm256_set1_epi32(static_cast<int>(c.first[i]))),
                                               _mm256_set1_epi32(static_cast<int>(c.channels)));
      const __m512i of_pixels = _mm512_castsi128_si512(_mm256_cvtepi32_epi16(apart));
      const __m512i from = _mm512_add_epi16(_mm512_permutexvar_epi16(pixels, of_pixels), samples);
      __m512i weight[Taps];
      for (uint32_t k = 0; k < Taps; ++k) {
        const uint16_t* w = c.weight + size_t{4} * Taps * i + 16 * k;
        const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
        const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 16 * Taps));
        weight[k] = _mm512_permutexvar_epi16(weights_of, _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
      }
      const uint32_t n = c.width - i < 8 ? c.width - i : 8;
      const __mmask32 wanted = (1u << (3 * n)) - 1;
      const uint16_t* in = c.sums + size_t{c.channels} * c.first[i];
      uint8_t* rgb = c.rgb + size_t{3} * i;
      // Eight pixels are stored with eight bytes behind them, which the next eight overwrite.
      const bool room = 3 * i + 32 <= 3 * c.width;
      const size_t in_stride = c.sums_stride, rgb_stride = c.rgb_stride, channels = c.channels;
      const uint32_t rows = c.rows;
      for (uint32_t y = 0; y < rows; ++y, in += in_stride, rgb += rgb_stride) {
        __m512i sum = half;
        for (uint32_t k = 0; k < Taps; ++k) {
          const uint16_t* at = in + k * channels;
          const __m512i x = One ? _mm512_permutexvar_epi16(from, _mm512_loadu_si512(at))
                                : _mm512_permutex2var_epi16(_mm512_loadu_si512(at), from, _mm512_loadu_si512(at + 32));
          sum = _mm512_add_epi16(sum, _mm512_mullo_epi16(x, weight[k]));
        }
        const __m256i bytes = _mm512_cvtepi16_epi8(_mm512_srli_epi16(sum, 8));
        if (room)
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(rgb), bytes);
        else
          _mm256_mask_storeu_epi8(rgb, wanted, bytes);
      }
    }
  }
};

}  // namespace
