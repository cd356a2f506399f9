// The entries that are added to an index, in ascending order of id. They are read from the caller's memory.
#pragma once
#include "../../memory.h"
#include "../shard/row.h"

namespace empreinte {

struct Entries {
  struct Place {
    uint64_t id;
    size_t at;
  };
  const uint64_t* ids;
  const uint8_t *hashes, *tags;  // tags are null when all are 0
  size_t count;
  const Place* order = nullptr;  // null when they are in that order already
  size_t at(size_t i) const { return order != nullptr ? order[i].at : i; }
  uint64_t id(size_t i) const { return order != nullptr ? order[i].id : ids[i]; }
  Row row(size_t i) const {
    constexpr size_t kAhead = 16;  // in another order each is a cache miss
    if (order != nullptr && count - i > kAhead) fetch(hashes + 32 * order[i + kAhead].at);
    return permuted(hashes + 32 * at(i));
  }
  uint8_t tag(size_t i) const { return tags != nullptr ? tags[at(i)] : uint8_t{0}; }
};

// Gives entries to build_shard.
struct EntrySource {
  const Entries* entries;
  size_t at;
  static void next(void* context, Row* row, uint64_t* id, uint8_t* tag) {
    auto* source = static_cast<EntrySource*>(context);
    const size_t i = source->at++;
    *row = source->entries->row(i);
    *id = source->entries->id(i);
    *tag = source->entries->tag(i);
  }
};

}  // namespace empreinte
