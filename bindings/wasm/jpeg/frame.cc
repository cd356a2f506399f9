// Markers of a JPEG: tables, the frame, the headers of scans.
#include "frame.h"

#include <cstring>

#include "../arena.h"

namespace jpeg {

const uint8_t kNaturalOrder[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                   12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                   35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                   58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

namespace {
uint32_t u16(const uint8_t* p) { return uint32_t{p[0]} << 8 | p[1]; }
uint32_t divide_up(uint32_t a, uint32_t b) { return (a + b - 1) / b; }
}  // namespace

Fault Decoder::read_frame(uint8_t marker, const uint8_t* p, size_t n) {
  if (frame.count != 0) return kDamagedHeader;
  if (marker != 0xc0 && marker != 0xc1 && marker != 0xc2) return kUnsupported;
  if (n < 6) return kDamagedHeader;
  if (p[0] != 8) return kUnsupported;
  const uint32_t count = p[5];
  if (count != 1 && count != 3 && count != 4) return kUnsupported;
  if (n < 6 + 3 * size_t{count}) return kDamagedHeader;
  frame.progressive = marker == 0xc2;
  frame.height = u16(p + 1);
  frame.width = u16(p + 3);
  if (frame.height == 0) return kUnsupported;
  if (frame.width == 0) return kDamagedHeader;
  for (uint32_t i = 0; i < count; ++i) {
    Component& c = frame.component[i];
    c.id = p[6 + 3 * i], c.h = p[7 + 3 * i] >> 4, c.v = p[7 + 3 * i] & 15, c.table = p[8 + 3 * i];
    if (c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.table > 3) return kDamagedHeader;
    for (uint32_t k = 0; k < i; ++k)
      if (frame.component[k].id == c.id) return kUnsupported;
    if (c.h > frame.most_h) frame.most_h = c.h;
    if (c.v > frame.most_v) frame.most_v = c.v;
    std::memset(c.low, 255, 64);
  }
  frame.mcus_across = divide_up(frame.width, 8 * frame.most_h);
  frame.mcus_down = divide_up(frame.height, 8 * frame.most_v);
  for (uint32_t i = 0; i < count; ++i) {
    Component& c = frame.component[i];
    if (frame.most_h % c.h != 0 || frame.most_v % c.v != 0) return kUnsupported;
    c.width = divide_up(frame.width * c.h, frame.most_h);
    c.height = divide_up(frame.height * c.v, frame.most_v);
    c.across = divide_up(c.width, 8), c.down = divide_up(c.height, 8);
    c.stride_blocks = frame.mcus_across * c.h, c.rows = frame.mcus_down * c.v;
  }
  frame.count = count;
  return kNone;
}

Fault Decoder::read_quantization(const uint8_t* p, size_t n) {
  while (n > 0) {
    const uint32_t wide = p[0] >> 4, table = p[0] & 15;
    const size_t bytes = wide ? 128 : 64;
    if (wide > 1 || table > 3 || n < 1 + bytes) return kDamagedHeader;
    for (uint32_t k = 0; k < 64; ++k)
      quantization[table][kNaturalOrder[k]] = static_cast<uint16_t>(wide ? u16(p + 1 + 2 * k) : p[1 + k]);
    defined[table] = true;
    p += 1 + bytes, n -= 1 + bytes;
  }
  return kNone;
}

Fault Decoder::read_huffman(const uint8_t* p, size_t n) {
  while (n > 0) {
    if (n < 17) return kDamagedHeader;
    uint32_t total = 0;
    for (uint32_t i = 1; i <= 16; ++i) total += p[i];
    const uint32_t kind = p[0] >> 4, table = p[0] & 15;
    if (kind > 1 || table > 3 || total > 256 || n < 17 + total) return kDamagedHeader;
    if (!(kind == 0 ? dc : ac)[table].define(p + 1, p + 17, total)) return kDamagedHeader;
    p += 17 + total, n -= 17 + total;
  }
  return kNone;
}

Fault Decoder::read_scan_header(const uint8_t* p, size_t n, Scan* scan) {
  if (frame.count == 0 || n < 1) return kDamagedHeader;
  const uint32_t count = p[0];
  if (count < 1 || count > frame.count || n < 4 + 2 * size_t{count}) return kDamagedHeader;
  scan->count = count;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t found = 0;
    while (found < frame.count && frame.component[found].id != p[1 + 2 * i]) ++found;
    if (found == frame.count) return kDamagedHeader;
    for (uint32_t k = 0; k < i; ++k)
      if (scan->component[k] >= found) return kDamagedHeader;
    scan->component[i] = static_cast<uint8_t>(found);
    scan->dc[i] = p[2 + 2 * i] >> 4, scan->ac[i] = p[2 + 2 * i] & 15;
    if (scan->dc[i] > 3 || scan->ac[i] > 3) return kDamagedHeader;
  }
  const uint8_t* rest = p + 1 + 2 * count;
  scan->from = rest[0], scan->to = rest[1], scan->high = rest[2] >> 4, scan->low = rest[2] & 15;
  if (!frame.progressive) {
    // What a sequential scan says here is not used.
    scan->from = 0, scan->to = 63, scan->high = scan->low = 0;
  } else if (scan->to > 63 || scan->from > scan->to || scan->low > 13 || (scan->from == 0 && scan->to != 0) ||
             (scan->from > 0 && count != 1) || (scan->high != 0 && scan->high != scan->low + 1)) {
    return kDamagedHeader;
  }
  for (uint32_t i = 0; i < count; ++i) {
    Component& c = frame.component[scan->component[i]];
    const bool needs_dc = scan->from == 0 && scan->high == 0, needs_ac = scan->to > 0;
    if ((needs_dc && !dc[scan->dc[i]].defined) || (needs_ac && !ac[scan->ac[i]].defined)) return kDamagedHeader;
    if (!c.has_quantization) {
      if (!defined[c.table]) return kDamagedHeader;
      std::memcpy(c.quantization, quantization[c.table], sizeof(c.quantization));
      c.has_quantization = true;
    }
    for (uint32_t k = scan->from; k <= scan->to; ++k) {
      // Each bit arrives once, from the highest to the lowest.
      if (scan->high == 0 ? c.low[k] != 255 : c.low[k] != scan->high) return kDamagedHeader;
      if (scan->from > 0 && c.low[0] == 255) return kDamagedHeader;
      c.low[k] = scan->low;
    }
  }
  return kNone;
}

Fault Decoder::allocate() {
  for (uint32_t i = 0; i < frame.count; ++i) {
    Component& c = frame.component[i];
    const uint64_t samples = uint64_t{64} * c.stride_blocks * c.rows;
    if (samples > SIZE_MAX / 4) return kNoMemory;
    c.samples = static_cast<uint8_t*>(arena_allocate(static_cast<size_t>(samples), 64));
    if (c.samples == nullptr) return kNoMemory;
    if (!frame.progressive) continue;
    c.coefficients = static_cast<int16_t*>(arena_allocate(static_cast<size_t>(2 * samples), 64));
    if (c.coefficients == nullptr) return kNoMemory;
    std::memset(c.coefficients, 0, static_cast<size_t>(2 * samples));
  }
  return kNone;
}

bool Decoder::complete() const {
  for (uint32_t i = 0; i < frame.count; ++i)
    for (const uint8_t low : frame.component[i].low)
      if (low != 0) return false;
  return true;
}

bool Decoder::is_direct() const {
  if (frame.count == 4) return !adobe || transform == 0;
  if (jfif) return false;
  if (adobe) return transform == 0;
  return frame.component[0].id == 'R' && frame.component[1].id == 'G' && frame.component[2].id == 'B';
}

Fault Decoder::read(bool all) {
  if (size < 4 || data[0] != 0xff || data[1] != 0xd8) return kNotJpeg;
  size_t at = 2;
  uint32_t scans = 0;
  for (;;) {
    while (at + 1 < size && !(data[at] == 0xff && data[at + 1] != 0xff && data[at + 1] != 0)) ++at;
    if (at + 1 >= size) break;
    const uint8_t marker = data[at + 1];
    at += 2;
    if (marker == 0xd9) break;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    if (marker == 0xd8 || at + 2 > size) return kDamagedHeader;
    const size_t length = u16(data + at);
    if (length < 2 || length > size - at) return kDamagedHeader;
    const uint8_t* p = data + at + 2;
    const size_t n = length - 2;
    at += length;
    Fault fault = kNone;
    if (marker == 0xc4) {
      fault = read_huffman(p, n);
    } else if (marker == 0xdb) {
      fault = read_quantization(p, n);
    } else if (marker == 0xdd) {
      if (n < 2) return kDamagedHeader;
      restart_interval = u16(p);
    } else if (marker == 0xe0) {
      if (n >= 5 && std::memcmp(p, "JFIF", 5) == 0) jfif = true;
    } else if (marker == 0xee) {
      if (n >= 12 && std::memcmp(p, "Adobe", 5) == 0) adobe = true, transform = p[11];
    } else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc) {
      fault = read_frame(marker, p, n);
      if (fault == kNone && !all) return kNone;
      if (fault == kNone) fault = allocate();
    } else if (marker == 0xcc || marker == 0xf7) {
      return kUnsupported;
    } else if (marker == 0xda) {
      Scan scan = {};
      if (++scans > kMostScans) return kTooManyScans;
      fault = read_scan_header(p, n, &scan);
      if (fault == kNone) fault = decode_scan(*this, scan, &at);
      if (fault == kNone && !frame.progressive && complete()) return kNone;
    }
    if (fault != kNone) return fault;
  }
  if (frame.count == 0) return kDamagedHeader;
  return complete() ? kNone : kMissingScans;
}

}  // namespace jpeg
