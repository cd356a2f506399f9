// What the multi-index hands to a kernel and gets back.
#pragma once
#include <cstddef>
#include <cstdint>

namespace empreinte {

// One bucket to look through: postings [from, to) of a table. `fingerprint` is the next chunk of each posting's row;
// those that differ from the query's next chunk in at most `most` bits are candidates.
struct Probe {
  const uint16_t* fingerprint;
  uint32_t from, to;
  uint16_t next, most;
  uint32_t table;
};

struct Candidate {
  uint32_t posting, table;
};

}  // namespace empreinte
