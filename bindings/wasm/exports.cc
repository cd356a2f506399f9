// What JavaScript calls: numbers in, numbers out. Pixels are copied to `allocate`d memory, and `wipe` ends each image.
#include <cstring>

#include "../../native/empreinte.h"
#include "arena.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {
emp_hash_result result;
}  // namespace

extern "C" void __wasm_call_ctors();
// Is called once, before anything else.
EXPORT(initialize) void initialize() { __wasm_call_ctors(); }

// Returns memory for so many bytes, or 0.
EXPORT(allocate) void* allocate(uint32_t bytes) { return arena_allocate(bytes, 64); }

// Overwrites everything that was allocated, and the last result.
EXPORT(wipe) void wipe() {
  arena_wipe();
  std::memset(&result, 0, sizeof(result));
}

// Hashes 8-bit pixels and returns an emp_status. `method` is an emp_method, and `compat` an emp_compat, which is none
// where JavaScript leaves it out. `kernel` counts from 0, the best first.
EXPORT(hash)
uint32_t hash(const uint8_t* data, uint32_t size, uint32_t width, uint32_t height, uint32_t channels, uint32_t stride,
              uint32_t method, uint32_t orientations, uint32_t kernel, uint32_t compat) {
  const emp_pixels pixels = {data, size, width, height, channels, stride};
  emp_hash_options options = {};
  options.kernel = emp_kernel_at(kernel);
  if (options.kernel == nullptr) return EMP_BAD_KERNEL;
  options.method = static_cast<emp_method>(method);
  options.compat = static_cast<emp_compat>(compat);
  options.dihedral = orientations != 0 ? 1 : 0;
  return emp_hash(&pixels, &options, &result);
}

// Returns the last result: 32 bytes of hash, eight times 32 bytes of orientations, then three numbers of 32 bits:
// quality, stable and the method that was used.
EXPORT(result_of_hash) const emp_hash_result* result_of_hash() { return &result; }

EXPORT(kernels) uint32_t kernels() { return static_cast<uint32_t>(emp_kernel_count()); }
EXPORT(kernel_name) const char* kernel_name(uint32_t i) { return emp_kernel_name(emp_kernel_at(i)); }
EXPORT(kernel_instructions) const char* kernel_instructions(uint32_t i) {
  return emp_kernel_instructions(emp_kernel_at(i));
}
EXPORT(status_message) const char* status_message(uint32_t status) {
  return emp_status_message(static_cast<emp_status>(status));
}

// Converts 16-bit samples to 8-bit ones in place.
EXPORT(repack_16_to_8) void repack_16_to_8(uint8_t* buffer, uint32_t samples) { emp_repack_16_to_8(buffer, samples); }
// Converts CMYK to RGB in place.
EXPORT(repack_cmyk_to_rgb) void repack_cmyk_to_rgb(uint8_t* buffer, uint32_t pixels) {
  emp_repack_cmyk_to_rgb(buffer, pixels);
}
// Drops the alpha of grey in place.
EXPORT(repack_drop_alpha) void repack_drop_alpha(uint8_t* buffer, uint32_t pixels) {
  emp_repack_drop_alpha(buffer, pixels);
}
// Expands luma of limited range in place.
EXPORT(expand_luma) void expand_luma(uint8_t* buffer, uint32_t samples) {
  emp_repack_limited_luma(nullptr, buffer, samples);
}

// Parses a hash as text into 32 bytes and returns an emp_status.
EXPORT(parse) uint32_t parse(const char* text, uint32_t length, uint8_t* out) {
  return emp_hash_parse(text, length, out);
}
EXPORT(distance) uint32_t distance(const uint8_t* a, const uint8_t* b) { return emp_hash_distance(a, b); }
// Returns why a hash would match unrelated images, as a sentence, or 0.
EXPORT(trivial) const char* trivial(const uint8_t* hash) {
  const emp_trivial reason = emp_hash_trivial(hash);
  return reason == EMP_TRIVIAL_NONE ? nullptr : emp_trivial_message(reason);
}
