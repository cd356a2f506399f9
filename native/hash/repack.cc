// Samples that are not 8-bit grey or RGB, brought to it in place.
#include <cstring>

#include "../empreinte.h"

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

void emp_repack_limited_luma(uint8_t* buffer, size_t samples) {
  for (size_t i = 0; i < samples; ++i) {
    const uint8_t v = buffer[i] < 16 ? 16 : buffer[i] > 235 ? 235 : buffer[i];
    const uint16_t t = static_cast<uint16_t>(v - 16);
    // 255·t/219 = t + 12·t/73. The division is by multiplication (898 = ⌈2^16/73⌉, exact up to here: x ≤ 2664), which
    // compilers turn into one 16-bit instruction for eight samples.
    const uint16_t x = static_cast<uint16_t>(12 * t + 36);
    buffer[i] = static_cast<uint8_t>(t + ((uint32_t{x} * 898) >> 16));
  }
}
