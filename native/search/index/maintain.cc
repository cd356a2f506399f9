// Joins shards. Sizes grow by steps, so that a row is moved only a few times, and the memory of removed rows is given
// back.
#include <algorithm>
#include <memory>
#include <new>

#include "index.h"
#include "join.h"

namespace empreinte {
namespace {

// Below so many rows a scan is as fast as tables, which cost 4 MiB before the first row.
constexpr uint32_t kLeastIndexed = 32768;
constexpr uint32_t kGrowth = 4;

// Returns the most bytes that building one shard with tables of long chunks out of these takes.
uint64_t room_for(const Version& v, const uint32_t* chosen, uint32_t n) {
  uint64_t rows = 0, first = UINT64_MAX, last = 0;
  bool any_tag = false;
  for (uint32_t i = 0; i < n; ++i) {
    const Shard& s = *v.shards[chosen[i]].shard;
    rows += v.shards[chosen[i]].live_rows();
    first = std::min(first, s.ids.at(s.row_by_id(0)));
    last = std::max(last, s.ids.at(s.row_by_id(s.rows - 1)));
    any_tag |= s.tags != nullptr;
  }
  if (rows > most_rows(kLongChunks)) return UINT64_MAX;
  const bool narrow = last >= first && last - first <= UINT32_MAX;
  return layout_of(static_cast<uint32_t>(rows), kLongChunks, narrow, any_tag).total + sizeof(uint64_t) * rows;
}

bool worn(const LiveShard& live) {
  return live.tombstones != nullptr && live.tombstones->count() > live.shard->rows / 4;
}
bool bare(const LiveShard& live, uint32_t tables) {
  return tables > 0 && live.shard->tables == 0 && live.live_rows() >= kLeastIndexed;
}

// Chooses the shards to join next: the smallest, as long as the next is at most kGrowth times what is there and all fit
// in one shard; or one that lacks its tables, or of which much was removed. Returns how many, and their positions in
// ascending order. A shard with long chunks is made as large as there is room for, and only where it is faster than
// those it is made of.
uint32_t choose(const Version& v, const emp_index& index, uint64_t room, uint32_t* chosen) {
  std::unique_ptr<uint32_t[]> order(new (std::nothrow) uint32_t[v.shard_count + 1]);
  if (!order) return 0;
  for (uint32_t i = 0; i < v.shard_count; ++i) order[i] = i;
  std::sort(order.get(), order.get() + v.shard_count,
            [&](uint32_t a, uint32_t b) { return v.shards[a].live_rows() < v.shards[b].live_rows(); });
  uint32_t n = 0;
  const auto take = [&](uint64_t most) {
    uint64_t rows = 0;
    for (n = 0; n < v.shard_count; ++n) {
      const uint64_t live = v.shards[order[n]].live_rows();
      if (n > 0 && (live > kGrowth * rows || rows + live > most)) break;
      chosen[n] = order[n];
      rows += live;
    }
    return rows;
  };
  const uint32_t most_short = index.sizes.most_short;
  uint64_t rows = take(index.tables == kChunks && room > 0 ? most_rows(kLongChunks) : most_short);
  while (rows > most_short && n > 1 && room_for(v, chosen, n) > room) rows = take(rows - 1);
  if (rows > most_short && rows < index.sizes.least_long) take(most_short);
  if (n < 2) {
    n = 0;
    for (uint32_t i = 0; i < v.shard_count && n == 0; ++i) {
      const LiveShard& live = v.shards[i];
      const bool fits = live.live_rows() <= most_short || room_for(v, &i, 1) <= room;
      if (bare(live, index.tables) || (worn(live) && fits)) chosen[n++] = i;
    }
  }
  std::sort(chosen, chosen + n);
  return n;
}

// Removes from the joined shard what was removed from the chosen ones during the join.
bool carry_removals(const LiveShard& then, const LiveShard& now, const Shard* joined, Tombstones** tombstones) {
  if (then.tombstones == now.tombstones || joined == nullptr) return true;
  Array<uint32_t> rows(now.tombstones->count());
  if (!rows) return false;
  const uint32_t count = now.tombstones->beyond(then.tombstones, rows.data());
  uint32_t n = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t row = joined->find(now.shard->ids.at(rows[i]));
    if (row < joined->rows) rows[n++] = row;  // always, but in a damaged file whose ids do not ascend
  }
  std::sort(rows.data(), rows.data() + n);
  Tombstones* after = Tombstones::with(*tombstones, joined->rows, rows.data(), n);
  if (after == nullptr) return false;
  if (*tombstones != nullptr) (*tombstones)->release();
  *tombstones = after;
  return true;
}

emp_status exchange_shards(emp_index* index, const Version& then, const uint32_t* chosen, uint32_t n, Shard* joined) {
  const std::lock_guard<std::mutex> lock(index->writing);
  const Version& now = *index->version;
  Tombstones* tombstones = nullptr;
  std::unique_ptr<Version> v(now.next(1));
  if (!v) return EMP_OUT_OF_MEMORY;
  // Only clearing and this function remove shards, and only one of these runs at a time. So the chosen shards are where
  // they were, or the index was cleared.
  for (uint32_t i = 0; i < n; ++i)
    if (chosen[i] >= now.shard_count || now.shards[chosen[i]].shard != then.shards[chosen[i]].shard) {
      if (joined != nullptr) joined->release();
      return EMP_OK;
    }
  for (uint32_t i = 0; i < n; ++i)
    if (!carry_removals(then.shards[chosen[i]], now.shards[chosen[i]], joined, &tombstones)) {
      if (tombstones != nullptr) tombstones->release();
      return EMP_OUT_OF_MEMORY;
    }
  uint32_t kept = 0;
  for (uint32_t i = 0, c = 0; i < v->shard_count; ++i) {
    if (c < n && chosen[c] == i) {
      ++c;
      v->shards[i].shard->release();
      if (v->shards[i].tombstones != nullptr) v->shards[i].tombstones->release();
    } else {
      v->shards[kept++] = v->shards[i];
    }
  }
  v->shard_count = kept;
  if (joined != nullptr) v->shards[v->shard_count++] = {joined, tombstones};
  index->publish(v.release());
  return EMP_OK;
}

}  // namespace
}  // namespace empreinte

using namespace empreinte;

int emp_index_wants_maintenance(emp_index* index, uint64_t room) {
  Version* v = index->share();
  std::unique_ptr<uint32_t[]> chosen(new (std::nothrow) uint32_t[v->shard_count + 1]);
  const uint32_t n = chosen ? choose(*v, *index, room, chosen.get()) : 0;
  v->release();
  return n > 0;
}

emp_status emp_index_maintain(emp_index* index, uint64_t room, const emp_cancel* cancel, int* more) {
  *more = 0;
  Version* then;
  {
    const std::lock_guard<std::mutex> lock(index->writing);
    if (index->maintaining) return EMP_OK;
    index->maintaining = true;
    then = index->share();
  }
  const emp_cancel never = {nullptr, nullptr};
  std::unique_ptr<uint32_t[]> chosen(new (std::nothrow) uint32_t[then->shard_count + 1]);
  Array<LiveShard> shards(then->shard_count + 1);
  emp_status status = chosen && shards ? EMP_OK : EMP_OUT_OF_MEMORY;
  if (status == EMP_OK) {
    const uint32_t n = choose(*then, *index, room, chosen.get());
    for (uint32_t i = 0; i < n; ++i) shards[i] = then->shards[chosen[i]];
    Shard* joined = nullptr;
    if (n > 0) {
      uint64_t rows = 0;
      for (uint32_t i = 0; i < n; ++i) rows += shards[i].live_rows();
      const uint32_t tables = rows < kLeastIndexed ? 0 : rows > index->sizes.most_short ? kLongChunks : index->tables;
      status = join_shards(shards.data(), n, tables, cancel != nullptr ? *cancel : never, &joined);
    }
    if (n > 0 && status == EMP_OK) {
      status = exchange_shards(index, *then, chosen.get(), n, joined);
      if (status != EMP_OK && joined != nullptr) joined->release();
    }
  }
  then->release();
  {
    const std::lock_guard<std::mutex> lock(index->writing);
    index->maintaining = false;
  }
  if (status == EMP_OK) *more = emp_index_wants_maintenance(index, room);
  return status;
}
