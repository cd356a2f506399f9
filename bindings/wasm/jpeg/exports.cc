// What JavaScript calls to decode a JPEG. The pixels stay in the arena, where they are hashed.
#include <cstring>
#include <new>

#include "../arena.h"
#include "frame.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

// What the last call found: width, height, channels, the address of the pixels.
uint32_t found[4];

uint32_t channels_of(const jpeg::Frame& frame) { return frame.count == 1 ? 1 : 3; }

jpeg::Fault finish(jpeg::Decoder& decoder) {
  jpeg::Frame& frame = decoder.frame;
  bool doubtful = false;
  if (frame.progressive)
    for (uint32_t i = 0; i < frame.count; ++i) {
      const jpeg::Component& c = frame.component[i];
      const size_t stride = size_t{8} * c.stride_blocks;
      for (uint32_t y = 0; y < c.rows; ++y)
        for (uint32_t x = 0; x < c.stride_blocks; ++x)
          jpeg::inverse_dct(c.coefficients + 64 * (size_t{y} * c.stride_blocks + x), c.quantization,
                            c.samples + size_t{y} * 8 * stride + size_t{8} * x, stride, &doubtful);
    }
  if (doubtful) return jpeg::kBadCode;
  // Decoders guess what an unknown transform of four inks is.
  if (frame.count == 4 && decoder.adobe && decoder.transform != 0 && decoder.transform != 2) return jpeg::kUnsupported;
  const uint64_t bytes = uint64_t{frame.width} * frame.height * channels_of(frame);
  if (bytes > SIZE_MAX / 2) return jpeg::kNoMemory;
  uint8_t* rows[4];
  for (uint8_t*& row : rows) {
    row = static_cast<uint8_t*>(arena_allocate(size_t{frame.mcus_across} * frame.most_h * 8 + 16, 16));
    if (row == nullptr) return jpeg::kNoMemory;
  }
  uint8_t* out = static_cast<uint8_t*>(arena_allocate(static_cast<size_t>(bytes), 64));
  if (out == nullptr) return jpeg::kNoMemory;
  jpeg::write_pixels(decoder, rows, out);
  found[3] = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(out));
  return jpeg::kNone;
}

}  // namespace

// Reads the header, with `all` 0, or decodes the image. Returns a jpeg::Fault.
EXPORT(jpeg_read) uint32_t jpeg_read(const uint8_t* data, uint32_t size, uint32_t all) {
  std::memset(found, 0, sizeof(found));
  void* memory = arena_allocate(sizeof(jpeg::Decoder), 64);
  if (memory == nullptr) return jpeg::kNoMemory;
  jpeg::Decoder& decoder = *new (memory) jpeg::Decoder();
  decoder.data = data, decoder.size = size;
  const jpeg::Fault fault = decoder.read(all != 0);
  if (fault != jpeg::kNone) return fault;
  found[0] = decoder.frame.width, found[1] = decoder.frame.height, found[2] = channels_of(decoder.frame);
  return all != 0 ? finish(decoder) : jpeg::kNone;
}

// Returns four numbers of 32 bits: width, height, channels and the address of the pixels.
EXPORT(jpeg_found) const uint32_t* jpeg_found() { return found; }
