// What this x86 processor and its operating system offer.
#pragma once
#include <cstdint>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace empreinte {

// AVX2, FMA and POPCNT, with the wide registers saved by the system (Haswell and later).
bool cpu_has_avx2();
// AVX-512 F, BW, DQ, VL, VPOPCNTDQ and BITALG likewise (Ice Lake, Zen 4 and later).
bool cpu_has_avx512();

}  // namespace empreinte
