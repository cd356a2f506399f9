// What a reader holds: the state of one revision. Nothing in it changes any more, but for rows of the delta beyond
// `delta_rows`, which it never looks at.
//
//   parts   immutable segments, each with the tombstones of this revision
//   delta   the newest rows, append-only, up to kDeltaRows; full, it becomes a segment without tables
#pragma once
#include <atomic>

#include "../../memory.h"
#include "../segment/segment.h"
#include "tombstones.h"

namespace empreinte {

constexpr uint32_t kDeltaRows = 16384;

struct Delta {
  std::atomic<uint32_t> references{1};
  Region blocks_region;
  Array<uint64_t> ids;
  Array<uint8_t> banks;

  static Delta* create();
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  Block* blocks() { return reinterpret_cast<Block*>(blocks_region.data()); }
  const Block* blocks() const { return reinterpret_cast<const Block*>(blocks_region.data()); }
};

struct Part {
  Segment* segment;
  Tombstones* gone;  // null: none
  bool has_gone(uint32_t row) const { return gone != nullptr && gone->has(row); }
  uint32_t live() const { return segment->rows - (gone != nullptr ? gone->count() : 0); }
};

struct Version {
  std::atomic<uint32_t> references{1};
  uint64_t revision = 0;
  Array<Part> parts;  // `part_count` of them are used
  uint32_t part_count = 0;
  Delta* delta = nullptr;
  uint32_t delta_rows = 0;
  Tombstones* delta_gone = nullptr;

  Version() = default;
  Version(const Version&) = delete;
  Version& operator=(const Version&) = delete;
  ~Version();
  // A copy with room for `more` parts; null when there is no memory.
  Version* next(uint32_t more) const;
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  bool delta_has_gone(uint32_t row) const { return delta_gone != nullptr && delta_gone->has(row); }
  uint64_t live() const;
};

}  // namespace empreinte
