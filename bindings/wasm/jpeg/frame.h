// A JPEG while it is decoded: its frame, tables and planes.
#pragma once
#include <cstddef>
#include <cstdint>

#include "bits.h"

namespace jpeg {

// Why a JPEG is not decoded. The numbers are part of the interface: packages/browser/src/decode/jpeg.ts has a sentence
// for each.
enum Fault : uint32_t {
  kNone = 0,
  kNotJpeg,
  kDamagedHeader,
  kUnsupported,   // Another process than baseline, extended or progressive with Huffman codes and 8 bits.
  kMissingData,   // The data of a scan end early.
  kBadCode,       // The data contain an invalid code.
  kMissingScans,  // Not all bits of all coefficients are there.
  kTooManyScans,
  kNoMemory,
};

constexpr uint32_t kMostScans = 100;

struct Component {
  uint8_t id, h, v, table;
  uint32_t across, down;         // Blocks of the component's own size.
  uint32_t stride_blocks, rows;  // Blocks with those that fill whole MCUs.
  uint32_t width, height;        // Samples.
  bool has_quantization = false;
  uint16_t quantization[64];        // In natural order, once its first scan has begun.
  uint8_t low[64];                  // The lowest bit of each coefficient that has arrived; 255 for none.
  int16_t* coefficients = nullptr;  // Of a progressive JPEG.
  uint8_t* samples = nullptr;
  int32_t previous_dc = 0;
};

struct Frame {
  bool progressive = false;
  uint32_t width = 0, height = 0, count = 0;
  uint32_t most_h = 1, most_v = 1, mcus_across = 0, mcus_down = 0;
  Component component[4];
};

struct Scan {
  uint32_t count;
  uint8_t component[4], dc[4], ac[4];
  uint8_t from, to, high, low;
};

struct Decoder {
  const uint8_t* data;
  size_t size;
  Frame frame;
  Huffman dc[4], ac[4];
  uint16_t quantization[4][64];
  bool defined[4] = {};
  uint32_t restart_interval = 0;
  bool jfif = false, adobe = false;
  uint8_t transform = 0;
  uint32_t eob_run = 0;

  // Reads markers up to the frame, or, with `all`, decodes every scan into coefficients or samples.
  Fault read(bool all);
  // Whether the components are red, green and blue or four inks, not luma and colour.
  bool is_direct() const;

 private:
  Fault read_frame(uint8_t marker, const uint8_t* p, size_t n);
  Fault read_quantization(const uint8_t* p, size_t n);
  Fault read_huffman(const uint8_t* p, size_t n);
  Fault read_scan_header(const uint8_t* p, size_t n, Scan* scan);
  Fault allocate();
  bool complete() const;
};

// Decodes the data of a scan, which begin at `at`, and moves `at` to the marker behind them.
Fault decode_scan(Decoder& decoder, const Scan& scan, size_t* at);

// Makes 8×8 samples of dequantized coefficients in natural order.
void inverse_dct(const int16_t coefficients[64], const uint16_t quantization[64], uint8_t* out, size_t stride,
                 bool* doubtful);

// Writes the image, grey or RGB without gaps, from the samples of the components. Inks become RGB as in the library.
void write_pixels(const Decoder& decoder, uint8_t* rows[4], uint8_t* out);

extern const uint8_t kNaturalOrder[64];

}  // namespace jpeg
