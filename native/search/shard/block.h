// Rows are stored in blocks of 4,096: four columns of the first 128 bits, then the other 128 bits row by row.
//
//   column[c][i]  word c of row i, c = 0 … 3. A scan streams them, sixteen rows a step, and needs no sum across lanes.
//   Within small radii three columns throw out almost every row. rest[i]       words 4 … 7 of row i: one aligned
//   quarter of a cache line
//
// So one layout of 32 bytes a hash serves the full scan, the column scan and the verification.
#pragma once
#include "row.h"

namespace empreinte {

constexpr uint32_t kBlockRows = 4096;

struct alignas(64) Block {
  uint32_t column[4][kBlockRows];
  uint32_t rest[kBlockRows][4];

  Row row(uint32_t i) const {
    Row r;
    for (uint32_t c = 0; c < 4; ++c) {
      r.word[c] = column[c][i];
      r.word[4 + c] = rest[i][c];
    }
    return r;
  }
  void put(uint32_t i, const Row& r) {
    for (uint32_t c = 0; c < 4; ++c) {
      column[c][i] = r.word[c];
      rest[i][c] = r.word[4 + c];
    }
  }
};
static_assert(sizeof(Block) == 32 * kBlockRows);

constexpr size_t blocks_for(size_t rows) { return (rows + kBlockRows - 1) / kBlockRows; }

}  // namespace empreinte
