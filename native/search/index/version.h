// A version is what a reader holds: the state of one revision. It does not change any more, except rows of the delta
// beyond `delta_rows`, which the reader never reads.
//
//   shards  immutable shards, each with the tombstones of this revision
//   delta   the newest rows, append-only, up to kDeltaRows; when full it becomes a shard without tables
#pragma once
#include <atomic>

#include "../../memory.h"
#include "../shard/shard.h"
#include "tombstones.h"

namespace empreinte {

constexpr uint32_t kDeltaRows = 16384;

struct Delta {
  std::atomic<uint32_t> references{1};
  Region blocks_region;
  Array<uint64_t> ids;
  Array<uint8_t> tags;

  static Delta* create();
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  Block* blocks() { return reinterpret_cast<Block*>(blocks_region.data()); }
  const Block* blocks() const { return reinterpret_cast<const Block*>(blocks_region.data()); }
};

// A shard with the tombstones of one revision.
struct LiveShard {
  Shard* shard;
  Tombstones* tombstones;  // null when no row is removed
  bool is_removed(uint32_t row) const { return tombstones != nullptr && tombstones->has(row); }
  uint32_t live_rows() const { return shard->rows - (tombstones != nullptr ? tombstones->count() : 0); }
};

struct Version {
  std::atomic<uint32_t> references{1};
  uint64_t revision = 0;
  Array<LiveShard> shards;  // `shard_count` of them are used
  uint32_t shard_count = 0;
  Delta* delta = nullptr;
  uint32_t delta_rows = 0;
  Tombstones* delta_tombstones = nullptr;

  Version() = default;
  Version(const Version&) = delete;
  Version& operator=(const Version&) = delete;
  ~Version();
  // Returns a copy with room for `more` shards, or null when there is no memory.
  Version* next(uint32_t more) const;
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  bool delta_is_removed(uint32_t row) const { return delta_tombstones != nullptr && delta_tombstones->has(row); }
  uint64_t live_rows() const;
};

}  // namespace empreinte
