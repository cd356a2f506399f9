// How the 256 bits of a row are cut into a ring of chunks. Each chunk has a table; a lean shard has one for every
// second chunk.
//
//   short   sixteen chunks of 16 bits, for up to 2^24 rows
//   long    thirteen of 19 or 20 bits, for more rows. A bucket of a short chunk would be so long there that reading it
//   costs more than finding it. Five times as many buckets, each a twelfth as long, take half the time at 10^8 rows.
#pragma once
#include "row.h"

namespace empreinte {

constexpr uint32_t kLongChunks = 13;

struct Cut {
  uint32_t chunks;
  constexpr uint32_t begin(uint32_t chunk) const { return 256 * chunk / chunks; }
  constexpr uint32_t bits(uint32_t chunk) const { return begin(chunk + 1) - begin(chunk); }
  uint32_t value(const Row& row, uint32_t chunk) const { return row.bits(begin(chunk), bits(chunk)); }
  // Returns the first 16 bits of the next chunk.
  uint16_t fingerprint(const Row& row, uint32_t chunk) const {
    return static_cast<uint16_t>(row.bits(begin((chunk + 1) % chunks), 16));
  }
};

// The number of tables says how a shard is cut: 16 or 8 for short chunks, 13 for long ones.
constexpr bool known_tables(uint32_t tables) {
  return tables == 0 || tables == kChunks / 2 || tables == kChunks || tables == kLongChunks;
}
constexpr Cut cut_of(uint32_t tables) { return {tables == kLongChunks ? kLongChunks : kChunks}; }
// Returns the number of values of the longest chunk.
constexpr uint32_t buckets_of(uint32_t tables) { return tables == kLongChunks ? 1u << 20 : 1u << 16; }

}  // namespace empreinte
