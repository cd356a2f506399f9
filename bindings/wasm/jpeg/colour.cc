// Colour at the size of the image, by the reference's decoder: components of half the width or height are interpolated
// with three quarters of the nearer sample and a quarter of the farther one, others are repeated.
#include <cstring>

#include "frame.h"

namespace jpeg {
namespace {

const uint8_t* row_of(const Component& c, int64_t y) {
  const int64_t last = static_cast<int64_t>(c.height) - 1;
  const int64_t at = y < 0 ? 0 : y > last ? last : y;
  return c.samples + static_cast<size_t>(at) * c.stride_blocks * 8;
}

// Doubles a row.
void double_width(const uint8_t* in, uint32_t n, uint8_t* out) {
  if (n <= 2) {
    for (uint32_t x = 0; x < n; ++x) out[2 * x] = out[2 * x + 1] = in[x];
    return;
  }
  out[0] = in[0];
  out[1] = static_cast<uint8_t>((3 * in[0] + in[1] + 2) >> 2);
  for (uint32_t x = 1; x + 1 < n; ++x) {
    out[2 * x] = static_cast<uint8_t>((3 * in[x] + in[x - 1] + 1) >> 2);
    out[2 * x + 1] = static_cast<uint8_t>((3 * in[x] + in[x + 1] + 2) >> 2);
  }
  out[2 * n - 2] = static_cast<uint8_t>((3 * in[n - 1] + in[n - 2] + 1) >> 2);
  out[2 * n - 1] = in[n - 1];
}

// Doubles both sides: a row between `near` and `far`.
void double_both(const uint8_t* near, const uint8_t* far, uint32_t n, uint8_t* out) {
  const auto sum = [&](uint32_t x) { return 3 * near[x] + far[x]; };
  int before = sum(0), here = before, after = sum(1);
  out[0] = static_cast<uint8_t>((4 * here + 8) >> 4);
  out[1] = static_cast<uint8_t>((3 * here + after + 7) >> 4);
  for (uint32_t x = 1; x + 1 < n; ++x) {
    before = here, here = after, after = sum(x + 1);
    out[2 * x] = static_cast<uint8_t>((3 * here + before + 8) >> 4);
    out[2 * x + 1] = static_cast<uint8_t>((3 * here + after + 7) >> 4);
  }
  out[2 * n - 2] = static_cast<uint8_t>((3 * after + here + 8) >> 4);
  out[2 * n - 1] = static_cast<uint8_t>((4 * after + 7) >> 4);
}

// Returns row y of a component at the size of the image. `out` has room for a row of whole MCUs.
const uint8_t* full_row(const Frame& frame, const Component& c, uint32_t y, uint8_t* out) {
  const uint32_t across = frame.most_h / c.h, down = frame.most_v / c.v;
  const uint32_t n = c.width, at = y / down;
  if (across == 1 && down == 1) return row_of(c, y);
  const int64_t far = static_cast<int64_t>(at) + (y % 2 == 0 ? -1 : 1);
  if (across == 2 && down == 1) {
    double_width(row_of(c, at), n, out);
  } else if (across == 1 && down == 2) {
    const uint8_t *a = row_of(c, at), *b = row_of(c, far);
    const int half = y % 2 == 0 ? 1 : 2;
    for (uint32_t x = 0; x < n; ++x) out[x] = static_cast<uint8_t>((3 * a[x] + b[x] + half) >> 2);
  } else if (across == 2 && down == 2 && n > 2) {
    double_both(row_of(c, at), row_of(c, far), n, out);
  } else {
    const uint8_t* in = row_of(c, at);
    for (uint32_t x = 0; x < n; ++x) std::memset(out + size_t{x} * across, in[x], across);
  }
  return out;
}

struct Tables {
  int32_t red[256], blue[256], green_cr[256], green_cb[256];
  Tables() {
    for (int i = 0; i < 256; ++i) {
      const int32_t x = i - 128;
      red[i] = (91881 * x + 32768) >> 16;
      blue[i] = (116130 * x + 32768) >> 16;
      green_cr[i] = -46802 * x;
      green_cb[i] = -22554 * x + 32768;
    }
  }
};

inline uint8_t clamp(int32_t x) { return static_cast<uint8_t>(x < 0 ? 0 : x > 255 ? 255 : x); }

// Makes RGB of three inks, which are stored as 255 for none, and black. `inverse` where they were luma and colour.
void print_inks(const uint8_t* black, uint32_t width, bool inverse, uint8_t* to) {
  for (uint32_t x = 0; x < width; ++x)
    for (uint32_t i = 3 * x; i < 3 * x + 3; ++i) {
      const uint32_t paper = inverse ? 255u - to[i] : to[i];
      to[i] = static_cast<uint8_t>((paper * black[x] + 127) / 255);
    }
}

}  // namespace

void write_pixels(const Decoder& decoder, uint8_t* rows[4], uint8_t* out) {
  const Frame& frame = decoder.frame;
  const uint32_t width = frame.width;
  if (frame.count == 1) {
    for (uint32_t y = 0; y < frame.height; ++y)
      std::memcpy(out + size_t{y} * width, row_of(frame.component[0], y), width);
    return;
  }
  const Tables tables;
  const bool direct = decoder.is_direct();
  for (uint32_t y = 0; y < frame.height; ++y) {
    const uint8_t* a = full_row(frame, frame.component[0], y, rows[0]);
    const uint8_t* b = full_row(frame, frame.component[1], y, rows[1]);
    const uint8_t* c = full_row(frame, frame.component[2], y, rows[2]);
    uint8_t* to = out + size_t{y} * width * 3;
    if (direct) {
      for (uint32_t x = 0; x < width; ++x) to[3 * x] = a[x], to[3 * x + 1] = b[x], to[3 * x + 2] = c[x];
    } else {
      for (uint32_t x = 0; x < width; ++x) {
        const int32_t luma = a[x];
        to[3 * x] = clamp(luma + tables.red[c[x]]);
        to[3 * x + 1] = clamp(luma + ((tables.green_cb[b[x]] + tables.green_cr[c[x]]) >> 16));
        to[3 * x + 2] = clamp(luma + tables.blue[b[x]]);
      }
    }
    if (frame.count == 4) print_inks(full_row(frame, frame.component[3], y, rows[3]), width, !direct, to);
  }
}

}  // namespace jpeg
