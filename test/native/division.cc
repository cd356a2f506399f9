// The kernels divide by a window w with a multiplication and two fused steps. This checks every float mantissa for
// every w = 1 … 256 against true division, on each kernel this processor runs. Scaling by powers of two is exact, so
// mantissas are enough. Prints one line a kernel.
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../../native/empreinte.h"
#include "../../native/kernels/target.h"
#include "../../native/views/sampling/sampling_plan.h"

// The body is the same for each: included twice, once in each target region.
#define EMPREINTE_CHECK(Lanes, check)                                                  \
  static uint64_t check(uint32_t step) {                                               \
    uint64_t wrong = 0;                                                                \
    for (uint32_t w = 1; w <= 256; ++w) {                                              \
      const Lanes::Divisor divisor = Lanes::divisor(static_cast<float>(w));            \
      for (uint32_t from = w % step * 16; from < 1u << 23; from += 16 * step) {        \
        float in[16], out[16];                                                         \
        for (uint32_t i = 0; i < 16; ++i) {                                            \
          const uint32_t bits = 0x3f800000u + from + i;                                \
          std::memcpy(&in[i], &bits, 4);                                               \
        }                                                                              \
        Lanes::store(out, Lanes::divide(Lanes::load(in), divisor));                    \
        for (int i = 0; i < 16; ++i) wrong += out[i] != in[i] / static_cast<float>(w); \
      }                                                                                \
    }                                                                                  \
    return wrong;                                                                      \
  }

#if defined(__x86_64__) || defined(_M_X64)
EMPREINTE_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#include "../../native/kernels/lanes_avx512.h"
EMPREINTE_CHECK(Avx512, check_avx512)
EMPREINTE_TARGET_END
EMPREINTE_TARGET_BEGIN("avx2,fma,popcnt")
#include "../../native/kernels/lanes_avx2.h"
EMPREINTE_CHECK(Avx2, check_avx2)
EMPREINTE_TARGET_END
#else
#include "../../native/kernels/lanes_neon.h"
EMPREINTE_CHECK(Neon, check_neon)
#endif

static uint64_t total = 0;
static void report(const char* name, uint64_t (*check)(uint32_t), uint32_t step) {
  const emp_kernel* kernel;
  if (emp_kernel_find(name, &kernel) != EMP_OK) {
    std::printf("%s: not on this processor\n", name);
    return;
  }
  const uint64_t wrong = check(step);
  std::printf("%s: %llu quotients differ from true division\n", name, static_cast<unsigned long long>(wrong));
  total += wrong;
}

// Argument: 1 for every mantissa, n for every n-th group of 16 (slow emulators).
int main(int argc, char** argv) {
  const uint32_t step = argc > 1 ? static_cast<uint32_t>(std::atoi(argv[1])) : 1;
#if defined(__x86_64__) || defined(_M_X64)
  report("avx512", check_avx512, step);
  report("avx2", check_avx2, step);
#else
  report("neon", check_neon, step);
#endif
  return total == 0 ? 0 : 1;
}
