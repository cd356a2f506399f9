// What this x86 processor and its operating system support.
#pragma once
#include <cstdint>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace empreinte {

// Returns whether there are AVX2, FMA and POPCNT, and the system saves the 256-bit registers (Haswell and later).
bool cpu_has_avx2();
// Returns the same for AVX-512 F, BW, DQ, VL, VPOPCNTDQ and BITALG (Ice Lake, Zen 4 and later).
bool cpu_has_avx512();

}  // namespace empreinte
