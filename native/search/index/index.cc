// The index. A change makes a new version and publishes it; readers share the current one.
#include "index.h"

#include <algorithm>
#include <memory>
#include <new>

#include "entries.h"
#include "../file/file.h"
#include "join.h"

namespace empreinte {

static_assert(4 * kDeltaRows == 65536, "place_of takes the upper 16 bits");

bool DeltaRowsById::allocate() {
  rows_ = Array<uint32_t>(kPlaces);
  if (rows_) clear();
  return static_cast<bool>(rows_);
}

void DeltaRowsById::clear() { std::fill_n(rows_.data(), kPlaces, kNone); }

uint32_t DeltaRowsById::find(uint64_t id, const Delta& delta) const {
  for (uint32_t at = place_of(id);; at = (at + 1) % kPlaces) {
    if (rows_[at] == kNone) return kNone;
    if (rows_[at] != kErased && delta.ids[rows_[at]] == id) return rows_[at];
  }
}

void DeltaRowsById::put(uint64_t id, uint32_t row) {
  uint32_t at = place_of(id);
  while (rows_[at] != kNone && rows_[at] != kErased) at = (at + 1) % kPlaces;
  rows_[at] = row;
}

void DeltaRowsById::erase(uint64_t id, const Delta& delta) {
  for (uint32_t at = place_of(id); rows_[at] != kNone; at = (at + 1) % kPlaces)
    if (rows_[at] != kErased && delta.ids[rows_[at]] == id) {
      rows_[at] = kErased;
      return;
    }
}

void DeltaRowsById::rebuild(const Version& v) {
  clear();
  for (uint32_t i = 0; i < v.delta_rows; ++i)
    if (!v.delta_is_removed(i)) put(v.delta->ids[i], i);
}

namespace {

constexpr emp_cancel kNever = {nullptr, nullptr};

// Turns the delta of `v` into a shard without tables.
emp_status freeze_delta(emp_index* index, Version* v) {
  Shard* shard;
  const emp_status status = shard_of_delta(*v, &shard);
  if (status != EMP_OK) return status;
  if (shard != nullptr) v->shards[v->shard_count++] = {shard, nullptr};
  if (v->delta != nullptr) v->delta->release();
  v->delta = nullptr;
  v->delta_rows = 0;
  if (v->delta_tombstones != nullptr) v->delta_tombstones->release();
  v->delta_tombstones = nullptr;
  index->delta_rows_by_id.clear();
  return EMP_OK;
}

// Appends to the delta behind the rows of any version: no reader reads there until delta_rows grows.
void append_to_delta(emp_index* index, const Version& v, uint32_t at, const Entries& entries, size_t i) {
  v.delta->blocks()[at / kBlockRows].put(at % kBlockRows, entries.row(i));
  v.delta->ids[at] = entries.id(i);
  v.delta->tags[at] = entries.tag(i);
  index->delta_rows_by_id.put(entries.id(i), at);
}

uint32_t capacity_of(const Version& v, uint32_t shard) {
  return shard == v.shard_count ? kDeltaRows : v.shards[shard].shard->rows;
}

// Marks rows as removed in one shard, or in the delta.
bool bury(Version* v, uint32_t shard, const uint32_t* rows, uint32_t count) {
  Tombstones*& tombstones = shard == v->shard_count ? v->delta_tombstones : v->shards[shard].tombstones;
  const uint32_t capacity = capacity_of(*v, shard);
  Tombstones* after = Tombstones::with(tombstones, capacity, rows, count);
  if (after == nullptr) return false;
  if (tombstones != nullptr) tombstones->release();
  tombstones = after;
  return true;
}

// Marks rows as removed wherever they are, and leaves them sorted.
bool bury(Version* v, Place* places, size_t count) {
  Array<uint32_t> rows(count);
  if (!rows) return false;
  if (count > 1)
    std::sort(places, places + count,
              [](const Place& a, const Place& b) { return a.shard != b.shard ? a.shard < b.shard : a.row < b.row; });
  for (size_t from = 0, to; from < count; from = to) {
    uint32_t n = 0;
    for (to = from; to < count && places[to].shard == places[from].shard; ++to) rows[n++] = places[to].row;
    if (!bury(v, places[from].shard, rows.data(), n)) return false;
  }
  return true;
}

// Takes removed rows of the delta out of its map.
void forget(emp_index* index, const Place* places, size_t count) {
  const Version& v = *index->version;
  for (size_t i = 0; i < count; ++i)
    if (places[i].shard == v.shard_count) index->delta_rows_by_id.erase(v.delta->ids[places[i].row], *v.delta);
}

bool bury_in_place(Version* v, const Place& place) {
  Tombstones*& tombstones = place.shard == v->shard_count ? v->delta_tombstones : v->shards[place.shard].tombstones;
  if (tombstones != nullptr) return tombstones->add(place.row);
  tombstones = Tombstones::with(nullptr, capacity_of(*v, place.shard), &place.row, 1);
  return tombstones != nullptr;
}

}  // namespace
}  // namespace empreinte

using namespace empreinte;

Version* emp_index::share() {
  const std::lock_guard<std::mutex> lock(publishing);
  version->retain();
  return version;
}

void emp_index::publish(Version* next) {
  Version* before;
  {
    const std::lock_guard<std::mutex> lock(publishing);
    before = std::exchange(version, next);
  }
  before->release();
}

Place emp_index::find(const Version& v, uint64_t id) const {
  if (v.delta_rows > 0) {
    const uint32_t row = delta_rows_by_id.find(id, *v.delta);
    if (row != DeltaRowsById::kNone) return {v.shard_count, row, true};
  }
  for (uint32_t i = 0; i < v.shard_count; ++i) {
    const uint32_t row = v.shards[i].shard->find(id);
    if (row < v.shards[i].shard->rows && !v.shards[i].is_removed(row)) return {i, row, true};
  }
  return {};
}

uint32_t emp_index::find_rows(const Version& v, uint64_t entry, Place* out) const {
  uint32_t count = 0;
  if (entry > kMostEntry) return 0;
  for (uint64_t crop = 0; crop <= (has_crops ? EMP_MOST_CROPS : 0); ++crop) {
    const Place place = find(v, crop << EMP_ENTRY_BITS | entry);
    if (!place.found) break;
    out[count++] = place;
  }
  return count;
}

emp_status emp_index_create(uint32_t tables, emp_index** out) {
  *out = nullptr;
  if (!known_tables(tables)) return EMP_BAD_OPTION;
  std::unique_ptr<emp_index> index(new (std::nothrow) emp_index);
  if (!index || !index->delta_rows_by_id.allocate()) return EMP_OUT_OF_MEMORY;
  index->version = new (std::nothrow) Version;
  if (index->version == nullptr) return EMP_OUT_OF_MEMORY;
  index->tables = tables;
  *out = index.release();
  return EMP_OK;
}

void emp_index_destroy(emp_index* index) {
  if (index == nullptr) return;
  index->version->release();
  delete index;
}

namespace {

constexpr size_t kBulk = kDeltaRows / 4, kMostBareRows = most_rows(0);

// Adds entries with new ids to `v`: many of them as shards without tables.
emp_status add_entries(emp_index* index, Version* v, const Entries& entries) {
  const size_t count = entries.count;
  if (count >= kBulk) {
    for (size_t from = 0; from < count; from += kMostBareRows) {
      const size_t n = std::min<size_t>(kMostBareRows, count - from);
      EntrySource rows = {&entries, from};
      bool any_tag = false;
      for (size_t i = from; i < from + n; ++i) any_tag |= entries.tag(i) != 0;
      const RowSource source = {static_cast<uint32_t>(n), entries.id(from), entries.id(from + n - 1), any_tag, &rows,
                                EntrySource::next};
      Shard* shard;
      const emp_status status = build_shard(source, 0, kNever, &shard);
      if (status != EMP_OK) return status;
      v->shards[v->shard_count++] = {shard, nullptr};
    }
    return EMP_OK;
  }
  if (v->delta_rows + count > kDeltaRows) {
    const emp_status status = freeze_delta(index, v);
    if (status != EMP_OK) return status;
  }
  if (v->delta == nullptr) {
    v->delta = Delta::create();
    if (v->delta == nullptr) return EMP_OUT_OF_MEMORY;
  }
  for (size_t i = 0; i < count; ++i) append_to_delta(index, *v, v->delta_rows++, entries, i);
  return EMP_OK;
}

bool fits_delta(const Version& v, size_t count) {
  return count < kBulk && v.delta != nullptr && v.delta_rows + count <= kDeltaRows;
}

// Makes a small change while no reader holds the version: the version itself is changed, and readers wait for as long.
// Returns false without a change when a reader holds it.
template <class F>
bool change_in_place(emp_index* index, const F& change) {
  const std::lock_guard<std::mutex> lock(index->publishing);
  Version& v = *index->version;
  if (v.references.load(std::memory_order_acquire) != 1 || !change(v)) return false;
  ++v.revision;
  return true;
}

// No row has an id above this one, so consecutive new ids need no lookup.
uint64_t last_id(const Version& v) {
  if (v.delta_rows > 0) return UINT64_MAX;
  uint64_t last = 0;
  for (uint32_t i = 0; i < v.shard_count; ++i) {
    const Shard& s = *v.shards[i].shard;
    last = std::max(last, s.last_id());
  }
  return last;
}

// Publishes `v`, or drops it and what it did to the delta's map.
emp_status conclude(emp_index* index, Version* v, emp_status status) {
  if (status == EMP_OK) {
    index->publish(v);
  } else {
    if (v != nullptr) v->release();
    index->delta_rows_by_id.rebuild(*index->version);
  }
  return status;
}

}  // namespace

emp_status emp_index_add(emp_index* index, const uint64_t* ids, const uint8_t* hashes, const uint8_t* tags,
                         size_t count) {
  if (count == 0) return EMP_OK;
  const std::lock_guard<std::mutex> lock(index->writing);
  const Version& before = *index->version;
  const uint64_t last = last_id(before);
  bool sorted = true, any_crop = false;
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] > kMostId) return EMP_BAD_OPTION;
    any_crop |= ids[i] > kMostEntry;
    if (ids[i] <= last && index->find(before, ids[i]).found) return EMP_DUPLICATE_ID;
    sorted = sorted && (i == 0 || ids[i - 1] < ids[i]);
  }
  Array<Entries::Place> order;
  if (!sorted) {
    order = Array<Entries::Place>(count);
    if (!order) return EMP_OUT_OF_MEMORY;
    for (size_t i = 0; i < count; ++i) order[i] = {ids[i], i};
    std::sort(order.data(), order.data() + count, [](const auto& a, const auto& b) { return a.id < b.id; });
    for (size_t i = 1; i < count; ++i)
      if (order[i - 1].id == order[i].id) return EMP_DUPLICATE_ID;
  }
  index->has_crops |= any_crop;
  const Entries entries = {ids, hashes, tags, count, order.data()};
  if (fits_delta(before, count) && change_in_place(index, [&](Version& v) {
        for (size_t i = 0; i < count; ++i) append_to_delta(index, v, v.delta_rows++, entries, i);
        return true;
      }))
    return EMP_OK;
  Version* v = before.next(static_cast<uint32_t>(count / kMostBareRows) + 2);
  return conclude(index, v, v == nullptr ? EMP_OUT_OF_MEMORY : add_entries(index, v, entries));
}

emp_status emp_index_remove(emp_index* index, const uint64_t* ids, size_t count) {
  if (count == 0) return EMP_OK;
  const std::lock_guard<std::mutex> lock(index->writing);
  const Version& before = *index->version;
  size_t row_count = 0;
  Place found[EMP_MOST_CROPS + 1];
  for (size_t i = 0; i < count; ++i) {
    const uint32_t rows = index->find_rows(before, ids[i], found);
    if (rows == 0) return EMP_UNKNOWN_ID;
    row_count += rows;
  }
  if (row_count == 1 && change_in_place(index, [&](Version& v) { return bury_in_place(&v, found[0]); })) {
    if (found[0].shard == before.shard_count) index->delta_rows_by_id.erase(ids[0], *before.delta);
    return EMP_OK;
  }
  Array<Place> places(row_count);
  if (!places) return EMP_OUT_OF_MEMORY;
  for (size_t i = 0, at = 0; i < count; ++i) at += index->find_rows(before, ids[i], places.data() + at);
  std::unique_ptr<Version> v(before.next(0));
  if (!v || !bury(v.get(), places.data(), row_count)) return EMP_OUT_OF_MEMORY;
  forget(index, places.data(), row_count);
  index->publish(v.release());
  return EMP_OK;
}

emp_status emp_index_replace(emp_index* index, uint64_t id, const uint8_t* hash, uint8_t tag) {
  const std::lock_guard<std::mutex> lock(index->writing);
  const Version& before = *index->version;
  Place places[EMP_MOST_CROPS + 1];
  const uint32_t rows = index->find_rows(before, id, places);
  if (rows == 0) return EMP_UNKNOWN_ID;
  const Entries entry = {&id, hash, &tag, 1};
  Version* v = before.next(2);
  if (v == nullptr || !bury(v, places, rows)) return conclude(index, v, EMP_OUT_OF_MEMORY);
  forget(index, places, rows);
  return conclude(index, v, add_entries(index, v, entry));
}

int emp_index_has(emp_index* index, uint64_t id) {
  const std::lock_guard<std::mutex> lock(index->writing);
  return index->find(*index->version, id).found ? 1 : 0;
}

emp_status emp_index_get(emp_index* index, uint64_t id, uint8_t* hash) {
  const std::lock_guard<std::mutex> lock(index->writing);
  const Version& v = *index->version;
  const Place place = index->find(v, id);
  if (!place.found) return EMP_UNKNOWN_ID;
  const bool in_delta = place.shard == v.shard_count;
  unpermuted(in_delta ? v.delta->blocks()[place.row / kBlockRows].row(place.row % kBlockRows)
                      : v.shards[place.shard].shard->row(place.row),
             hash);
  return EMP_OK;
}

emp_status emp_index_flush(emp_index* index) {
  const std::lock_guard<std::mutex> lock(index->writing);
  if (index->version->delta_rows == 0) return EMP_OK;
  Version* v = index->version->next(1);
  return conclude(index, v, v == nullptr ? EMP_OUT_OF_MEMORY : freeze_delta(index, v));
}

emp_status emp_index_clear(emp_index* index) {
  const std::lock_guard<std::mutex> lock(index->writing);
  Version* v = new (std::nothrow) Version;
  if (v == nullptr) return EMP_OUT_OF_MEMORY;
  v->revision = index->version->revision + 1;
  index->publish(v);
  index->delta_rows_by_id.clear();
  index->has_crops = false;
  return EMP_OK;
}

void emp_index_get_stats(emp_index* index, emp_index_stats* out) {
  const File* file = nullptr;
  Version* v = index->share();
  *out = {v->live_rows(), 0, v->delta_rows, v->shard_count, 0, 0, 0, 0, v->revision};
  if (v->delta_tombstones != nullptr) out->removed += v->delta_tombstones->count();
  if (v->delta != nullptr) out->bytes += v->delta->blocks_region.size() + 9 * size_t{kDeltaRows};
  for (uint32_t i = 0; i < v->shard_count; ++i) {
    const LiveShard& live = v->shards[i];
    if (live.tombstones != nullptr) out->removed += live.tombstones->count();
    if (live.shard->tables > 0) out->indexed += live.shard->rows;
    const size_t bytes = live.shard->bytes();
    out->bytes += bytes;
    if (live.shard->file == nullptr) continue;
    out->mapped += bytes;
    file = live.shard->file;
  }
  // All mapped shards are in the one file that an index was opened from.
  out->resident = out->bytes - out->mapped;
  if (file != nullptr && file->resident != nullptr)
    out->resident += std::min<uint64_t>(out->mapped, file->resident(file->context));
  v->release();
}

emp_status emp_index_snapshot(emp_index* index, emp_snapshot** out) {
  emp_snapshot* snapshot = new (std::nothrow) emp_snapshot;
  *out = snapshot;
  if (snapshot == nullptr) return EMP_OUT_OF_MEMORY;
  snapshot->version = index->share();
  snapshot->tables = index->tables;
  return EMP_OK;
}

void emp_snapshot_release(emp_snapshot* snapshot) {
  if (snapshot == nullptr) return;
  snapshot->version->release();
  delete snapshot;
}
