// The structures that the multi-index exchanges with a kernel.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../shard/cut.h"

namespace empreinte {

// A query and what it allows a row, chunk by chunk: chunk k may add allowed[k] = t_k + 1 differing bits. Along a chain
// of chunks the slack is what is allowed minus what differs. A chain that holds never has a slack below 1.
struct Query {
  Row row;
  Cut cut;
  uint32_t radius;
  uint8_t allowed[kChunks];
  uint32_t stride;  // chunks from one table to the next: 1, or 2 in lean
};

// One bucket to read: the postings [from, to) of a table. `fingerprint` is the next chunk of each posting's row, or the
// first 16 bits of it. Those that differ from the query's in at most `most` bits are candidates.
struct Probe {
  const uint16_t* fingerprint;
  uint32_t from, to;
  uint16_t next, most;
  uint32_t table;
};

struct Candidate {
  uint32_t at;            // its posting; then its row
  uint16_t table, slack;  // after the first two chunks, less 1
};

struct Measured {
  uint16_t distance, first_chain;
};

}  // namespace empreinte
