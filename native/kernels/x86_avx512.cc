// AVX-512 with VPOPCNTDQ: Ice Lake, Zen 4 and later.
#include <immintrin.h>

#include "base.h"
#include "cpu.h"
#include "target.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // gcc 12's own avx512fintrin.h
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

EMPREINTE_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx2,fma,popcnt")
#include "lanes_avx512.h"
#include "steps.h"

namespace empreinte {
namespace {

// Eight rows a step, two to a register: 64-bit counts, added by pairs and quarters into one register of eight
// distances.
size_t scan_avx512(const uint8_t* rows, size_t n, const uint8_t* query, uint32_t radius, uint32_t* row,
                   uint16_t* distance) {
  const __m512i q = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(query)));
  const __m512i within = _mm512_set1_epi64(radius);
  const __m512i in_order = _mm512_setr_epi64(0, 2, 1, 3, 4, 6, 5, 7);
  size_t found = 0;
  for (size_t i = 0; i < n; i += 8) {
    const size_t left = n - i;
    __m512i counts[4];
    for (size_t k = 0; k < 4; ++k) {
      const __mmask8 present = left >= 2 * k + 2 ? 0xff : left == 2 * k + 1 ? 0x0f : 0;
      const __m512i pair = _mm512_maskz_loadu_epi64(present, rows + 32 * (i + 2 * k));
      counts[k] = _mm512_popcnt_epi64(_mm512_xor_si512(pair, q));
    }
    const __m512i low =
        _mm512_add_epi64(_mm512_unpacklo_epi64(counts[0], counts[1]), _mm512_unpackhi_epi64(counts[0], counts[1]));
    const __m512i high =
        _mm512_add_epi64(_mm512_unpacklo_epi64(counts[2], counts[3]), _mm512_unpackhi_epi64(counts[2], counts[3]));
    const __m512i sums = _mm512_add_epi64(_mm512_shuffle_i64x2(low, high, 0x88), _mm512_shuffle_i64x2(low, high, 0xdd));
    const __m512i distances = _mm512_permutexvar_epi64(in_order, sums);
    const __mmask8 hits =
        static_cast<__mmask8>(_mm512_cmple_epu64_mask(distances, within) & (left >= 8 ? 0xffu : (1u << left) - 1));
    if (hits == 0) continue;
    uint64_t all[8];
    _mm512_storeu_si512(all, distances);
    for (uint32_t k = 0; k < 8; ++k) {
      if (!(hits >> k & 1)) continue;
      row[found] = static_cast<uint32_t>(i + k);
      distance[found++] = static_cast<uint16_t>(all[k]);
    }
  }
  return found;
}

}  // namespace
}  // namespace empreinte
EMPREINTE_TARGET_END

namespace empreinte {
const emp_kernel kAvx512 = {
    "avx512",       "AVX-512 F, BW, DQ, VL, VPOPCNTDQ",
    cpu_has_avx512, luma_row<Avx512>,
    jarosz<Avx512>, weights<Avx512>,
    dct<Avx512>,    gradient<Avx512>,
    scan_avx512,
};
}  // namespace empreinte
