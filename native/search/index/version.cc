#include "version.h"

#include <memory>
#include <new>

namespace empreinte {

Delta* Delta::create() {
  std::unique_ptr<Delta> delta(new (std::nothrow) Delta);
  if (!delta) return nullptr;
  delta->blocks_region = Region(blocks_for(kDeltaRows) * sizeof(Block));
  delta->ids = Array<uint64_t>(kDeltaRows);
  delta->tags = Array<uint8_t>(kDeltaRows);
  if (!delta->blocks_region || !delta->ids || !delta->tags) return nullptr;
  return delta.release();
}

Version::~Version() {
  for (uint32_t i = 0; i < shard_count; ++i) {
    shards[i].shard->release();
    if (shards[i].tombstones != nullptr) shards[i].tombstones->release();
  }
  if (delta != nullptr) delta->release();
  if (delta_tombstones != nullptr) delta_tombstones->release();
}

Version* Version::next(uint32_t more) const {
  std::unique_ptr<Version> copy(new (std::nothrow) Version);
  if (!copy) return nullptr;
  copy->shards = Array<LiveShard>(size_t{shard_count} + more);
  if (!copy->shards) return nullptr;
  copy->revision = revision + 1;
  copy->shard_count = shard_count;
  for (uint32_t i = 0; i < shard_count; ++i) {
    copy->shards[i] = shards[i];
    shards[i].shard->retain();
    if (shards[i].tombstones != nullptr) shards[i].tombstones->retain();
  }
  copy->delta = delta;
  if (delta != nullptr) delta->references.fetch_add(1, std::memory_order_relaxed);
  copy->delta_rows = delta_rows;
  copy->delta_tombstones = delta_tombstones;
  if (delta_tombstones != nullptr) delta_tombstones->retain();
  return copy.release();
}

uint64_t Version::live_rows() const {
  uint64_t rows = delta_rows - (delta_tombstones != nullptr ? delta_tombstones->count() : 0);
  for (uint32_t i = 0; i < shard_count; ++i) rows += shards[i].live_rows();
  return rows;
}

}  // namespace empreinte
