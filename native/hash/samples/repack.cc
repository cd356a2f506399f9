// Converts samples that are not 8-bit grey or RGB, in place.
#include <cstring>

#include "../../kernels/kernels.h"

void emp_repack_16_to_8(uint8_t* buffer, size_t samples) {
  for (size_t i = 0; i < samples; ++i) {
    uint16_t v;
    std::memcpy(&v, buffer + 2 * i, 2);
    buffer[i] = static_cast<uint8_t>((uint32_t{v} + 128) / 257);
  }
}

void emp_repack_cmyk_to_rgb(uint8_t* buffer, size_t pixels) {
  for (size_t i = 0; i < pixels; ++i) {
    const uint32_t paper[3] = {255u - buffer[4 * i], 255u - buffer[4 * i + 1], 255u - buffer[4 * i + 2]};
    const uint32_t light = 255u - buffer[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) buffer[3 * i + c] = static_cast<uint8_t>((paper[c] * light + 127) / 255);
  }
}

void emp_repack_drop_alpha(uint8_t* buffer, size_t pixels) {
  for (size_t i = 0; i < pixels; ++i) buffer[i] = buffer[2 * i];
}

void emp_repack_limited_luma(const emp_kernel* kernel, uint8_t* buffer, size_t samples) {
  if (kernel == nullptr && emp_kernel_find(nullptr, &kernel) != EMP_OK) return;
  kernel->expand_luma(buffer, samples);
}
