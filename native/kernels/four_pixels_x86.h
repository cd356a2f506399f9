// Four pixels of four 16-bit samples in two SSE registers, for the lanes of both x86 kernels. Of a pixel that is read,
// the fourth sample is whatever follows it. Included inside a kernel's target region, by its lanes: each kernel has one
// of its own, compiled for its processor, hence the internal linkage.
#pragma once

namespace {

struct FourPixels {
  struct Pixels {
    __m128i ab, cd;
  };
  static inline Pixels half_pixels() { return {_mm_set1_epi16(128), _mm_set1_epi16(128)}; }
  static inline __m128i two_pixels(const uint16_t* a, const uint16_t* b) {
    const __m128 low = _mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)));
    return _mm_castps_si128(_mm_loadh_pi(low, reinterpret_cast<const __m64*>(b)));
  }
  static inline Pixels weigh_pixels(const Pixels& sum, const uint16_t* a, const uint16_t* b, const uint16_t* c,
                                    const uint16_t* d, const uint16_t* weight) {
    const __m128i* w = reinterpret_cast<const __m128i*>(weight);
    return {_mm_add_epi16(sum.ab, _mm_mullo_epi16(two_pixels(a, b), _mm_loadu_si128(w))),
            _mm_add_epi16(sum.cd, _mm_mullo_epi16(two_pixels(c, d), _mm_loadu_si128(w + 1)))};
  }
  // The upper bytes, three of each pixel, and four bytes more.
  static inline void store_pixels(uint8_t* rgb, const Pixels& p) {
    const __m128i bytes = _mm_packus_epi16(_mm_srli_epi16(p.ab, 8), _mm_srli_epi16(p.cd, 8));
    const __m128i three = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb), _mm_shuffle_epi8(bytes, three));
  }
};

}  // namespace
