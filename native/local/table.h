// The local table: 256 directions of a histogram, and what each is compared with. The trainer wrote table.cc:
// tools/local-table/README.md.
#pragma once
#include <cstdint>

namespace empreinte {

struct LocalTable {
  uint32_t id;  // a record names it, 1 … 255
  // CRC-32C of the weights and of the thresholds as little-endian numbers, in the order below.
  uint32_t checksum;
  // Directions 16·c … 16·c + 15 make chunk c of a row of the index, whose bits are nearly independent.
  // [c][k][4·i + n] is the weight, −127 … 127, of value 4·k + n of a histogram in direction 16·c + i.
  alignas(64) int8_t weights[16][32][64];
  alignas(64) int32_t threshold[256];  // the bit of a direction is 1 where the sum is above it
};

extern const LocalTable kLocalTable;

}  // namespace empreinte
