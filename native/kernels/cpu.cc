#include "cpu.h"

#if defined(__x86_64__) || defined(_M_X64)
#if !defined(_MSC_VER)
#include <cpuid.h>
#endif

namespace empreinte {
namespace {

struct Leaf {
  uint32_t a, b, c, d;
};

Leaf leaf_of(uint32_t number) {
  Leaf leaf = {0, 0, 0, 0};
#if defined(_MSC_VER)
  int out[4];
  __cpuidex(out, static_cast<int>(number), 0);
  leaf = {static_cast<uint32_t>(out[0]), static_cast<uint32_t>(out[1]), static_cast<uint32_t>(out[2]),
          static_cast<uint32_t>(out[3])};
#else
  __get_cpuid_count(number, 0, &leaf.a, &leaf.b, &leaf.c, &leaf.d);
#endif
  return leaf;
}

constexpr uint32_t bit(int n) { return uint32_t{1} << n; }
bool all(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

// Returns which registers the operating system saves: xgetbv(0).
uint64_t saved_registers() {
  if (!all(leaf_of(1).c, bit(27))) return 0;  // OSXSAVE
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
#endif
}

bool detect_avx2() {
  constexpr uint32_t fma = bit(12), popcnt = bit(23), avx = bit(28), avx2 = bit(5);
  return (saved_registers() & 0x6) == 0x6 && all(leaf_of(1).c, fma | popcnt | avx) && all(leaf_of(7).b, avx2);
}

bool detect_avx512() {
  constexpr uint32_t f = bit(16), dq = bit(17), bw = bit(30), vl = bit(31), vpopcntdq = bit(14), bitalg = bit(12);
  const Leaf seven = leaf_of(7);
  return detect_avx2() && (saved_registers() & 0xe6) == 0xe6 && all(seven.b, f | dq | bw | vl) &&
         all(seven.c, vpopcntdq | bitalg);
}

}  // namespace

// The processor is queried once. On a virtual machine CPUID calls the hypervisor, which takes some 50 µs, longer than
// most searches.
bool cpu_has_avx2() {
  static const bool has = detect_avx2();
  return has;
}

bool cpu_has_avx512() {
  static const bool has = detect_avx512();
  return has;
}

}  // namespace empreinte
#endif
