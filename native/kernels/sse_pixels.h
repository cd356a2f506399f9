// Pixels in SSE registers, for the lanes of both x86 kernels. Included by the lanes inside a kernel's target region, so
// each kernel has its own copy, compiled for its processor. The linkage is therefore internal.
#pragma once

namespace {

struct SsePixels {
  // Four pixels of four 16-bit samples. The fourth sample of a pixel that is read is whatever follows it.
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
  // Stores the upper bytes, three for each pixel, and four unused bytes.
  static inline void store_pixels(uint8_t* rgb, const Pixels& p) {
    const __m128i bytes = _mm_packus_epi16(_mm_srli_epi16(p.ab, 8), _mm_srli_epi16(p.cd, 8));
    const __m128i three = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb), _mm_shuffle_epi8(bytes, three));
  }
  // Keeps the even ones of pixels 0 … 4. It reads and writes sixteen bytes.
  static inline void every_other_pixel(const uint8_t* in, uint8_t* out) {
    const __m128i even = _mm_setr_epi8(0, 1, 2, 6, 7, 8, 12, 13, 14, -1, -1, -1, -1, -1, -1, -1);
    const __m128i five = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_shuffle_epi8(five, even));
  }
  // Splits sixteen pixels into channels.
  static inline void split_pixels(const uint8_t* rgb, uint8_t* r, uint8_t* g, uint8_t* b) {
    const __m128i* in = reinterpret_cast<const __m128i*>(rgb);
    const __m128i low = _mm_loadu_si128(in), middle = _mm_loadu_si128(in + 1), high = _mm_loadu_si128(in + 2);
    const auto put = [&](uint8_t* to, __m128i of_low, __m128i of_middle, __m128i of_high) {
      const __m128i both = _mm_or_si128(_mm_shuffle_epi8(low, of_low), _mm_shuffle_epi8(middle, of_middle));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_or_si128(both, _mm_shuffle_epi8(high, of_high)));
    };
    put(r, _mm_setr_epi8(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1),
        _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13));
    put(g, _mm_setr_epi8(1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1),
        _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14));
    put(b, _mm_setr_epi8(2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1),
        _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15));
  }
};

}  // namespace
