// Chooses a kernel: by name, or the best that this processor runs.
#include <cstring>

#include "kernels.h"

namespace {
const emp_kernel* const kKernels[] = {
#if defined(__x86_64__) || defined(_M_X64)
    &empreinte::kAvx512,   &empreinte::kAvx2,
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
    &empreinte::kNeon,
#endif
#if defined(__wasm_simd128__)
    &empreinte::kWasm,
#endif
    &empreinte::kPortable,
};
constexpr size_t kCount = sizeof(kKernels) / sizeof(kKernels[0]);
}  // namespace

size_t emp_kernel_count(void) { return kCount; }
const emp_kernel* emp_kernel_at(size_t i) { return i < kCount ? kKernels[i] : nullptr; }
const char* emp_kernel_name(const emp_kernel* kernel) { return kernel->name; }
const char* emp_kernel_instructions(const emp_kernel* kernel) { return kernel->instructions; }
int emp_kernel_supported(const emp_kernel* kernel) { return kernel->supported() ? 1 : 0; }

emp_status emp_kernel_find(const char* name, const emp_kernel** out) {
  *out = nullptr;
  const bool any = name == nullptr || name[0] == '\0';
  for (const emp_kernel* kernel : kKernels) {
    if (!(any || std::strcmp(kernel->name, name) == 0) || !kernel->supported()) continue;
    *out = kernel;
    return EMP_OK;
  }
  return EMP_BAD_KERNEL;
}
