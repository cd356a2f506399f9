// A file in memory that has the shards of an index. See FORMAT.md.
#pragma once
#include <atomic>
#include <cstdint>

#include "../shard/region.h"

namespace empreinte {

struct File {
  std::atomic<uint32_t> references{1};
  Region region;
  size_t (*resident)(void* context) = nullptr;
  void* context = nullptr;
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

}  // namespace empreinte
