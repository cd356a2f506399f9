#pragma once
#include <mutex>

#include "../../empreinte.h"
#include "version.h"

namespace empreinte {

// Maps ids to rows of the delta: open addressing, twice as many places as rows. Only the writer uses it.
class DeltaRowsById {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  bool allocate();
  void clear();
  // Rebuilds the map from a version, after a change that failed half-way.
  void rebuild(const Version& v);
  uint32_t find(uint64_t id, const Delta& delta) const;
  void put(uint64_t id, uint32_t row);
  void erase(uint64_t id, const Delta& delta);

 private:
  static constexpr uint32_t kPlaces = 4 * kDeltaRows, kErased = UINT32_MAX - 1;
  static uint32_t place_of(uint64_t id) { return static_cast<uint32_t>((id * 0x9e3779b97f4a7c15u) >> 48); }
  Array<uint32_t> rows_;
};

// The place of an id.
struct Place {
  uint32_t shard = 0, row = 0;  // shard == shard_count is the delta
  bool found = false;
};

// How large shards grow. Tests make them smaller.
struct ShardSizes {
  uint32_t most_short = most_rows(kChunks);
  uint32_t least_long = 3u << 23;  // with fewer, two shards of short chunks are as fast
};

}  // namespace empreinte

struct emp_index {
  std::mutex writing;     // one change at a time
  std::mutex publishing;  // held while the version is swapped or shared
  empreinte::Version* version = nullptr;
  empreinte::DeltaRowsById delta_rows_by_id;
  bool has_crops = false;  // entries may have crops, which are looked for when one is removed
  uint32_t tables = empreinte::kChunks;
  empreinte::ShardSizes sizes;
  bool maintaining = false;

  empreinte::Version* share();
  void publish(empreinte::Version* next);
  empreinte::Place find(const empreinte::Version& v, uint64_t id) const;
  // The rows of an entry, its crops' behind its own; how many there are is at most EMP_MOST_CROPS + 1, and 0 for an
  // entry that is not there.
  uint32_t find_rows(const empreinte::Version& v, uint64_t entry, empreinte::Place* out) const;
};

struct emp_snapshot {
  empreinte::Version* version;
  uint32_t tables;
};
