#include "join.h"

#include <algorithm>

namespace empreinte {
namespace {

// The rows of a delta, in the given order.
struct DeltaSource {
  const Delta* delta;
  const uint32_t* order;
  size_t at = 0;
  static void next(void* context, Row* row, uint64_t* id, uint8_t* tag) {
    auto* source = static_cast<DeltaSource*>(context);
    const uint32_t i = source->order[source->at++];
    *row = source->delta->blocks()[i / kBlockRows].row(i % kBlockRows);
    *id = source->delta->ids[i];
    *tag = source->delta->tags[i];
  }
};

// The live rows of several shards in the order of their ids.
struct Join {
  static constexpr uint32_t kAhead = 16;
  const LiveShard* shards;
  uint32_t count;
  Array<uint32_t> at;  // by id

  void skip(uint32_t p) {
    const Shard& s = *shards[p].shard;
    while (at[p] < s.rows && shards[p].is_removed(s.row_by_id(at[p]))) ++at[p];
  }
  static void fetch_row(const Shard& s, uint32_t row) {
    const Block& block = s.blocks[row / kBlockRows];
    for (const auto& column : block.column) fetch(&column[row % kBlockRows]);
    fetch(block.rest[row % kBlockRows]);
    fetch(s.ids.place(row));
  }
  static void next(void* context, Row* row, uint64_t* id, uint8_t* tag) {
    auto* join = static_cast<Join*>(context);
    uint32_t best = join->count;
    uint64_t least = 0;
    for (uint32_t p = 0; p < join->count; ++p) {
      const Shard& s = *join->shards[p].shard;
      if (join->at[p] == s.rows) continue;
      const uint64_t here = s.ids.at(s.row_by_id(join->at[p]));
      // This takes the first shard that has rows left, because an id may be any number in a file that is not verified.
      if (best == join->count || here < least) {
        least = here;
        best = p;
      }
    }
    const Shard& s = *join->shards[best].shard;
    const uint32_t i = s.row_by_id(join->at[best]++);
    if (s.order != nullptr && s.rows - join->at[best] > kAhead) fetch_row(s, s.row_by_id(join->at[best] + kAhead));
    *row = s.row(i);
    *id = least;
    *tag = s.tags != nullptr ? s.tags[i] : 0;
    join->skip(best);
  }
};

}  // namespace

emp_status join_shards(const LiveShard* shards, uint32_t count, uint32_t tables, const emp_cancel& cancel,
                       Shard** out) {
  *out = nullptr;
  Join join = {shards, count, Array<uint32_t>(count)};
  if (!join.at) return EMP_OUT_OF_MEMORY;
  uint64_t rows = 0, first = UINT64_MAX, last = 0;
  bool any_tag = false;
  for (uint32_t p = 0; p < count; ++p) {
    const Shard& s = *shards[p].shard;
    join.at[p] = 0;
    join.skip(p);
    rows += shards[p].live_rows();
    if (join.at[p] == s.rows) continue;
    // The first live id is written to files, the last only chooses the width.
    first = std::min(first, s.ids.at(s.row_by_id(join.at[p])));
    last = std::max(last, s.ids.at(s.row_by_id(s.rows - 1)));
    any_tag |= s.tags != nullptr;
  }
  if (rows == 0) return EMP_OK;
  const RowSource source = {static_cast<uint32_t>(rows), first, last, any_tag, &join, Join::next};
  return build_shard(source, tables, cancel, out);
}

emp_status shard_of_delta(const Version& v, Shard** out) {
  *out = nullptr;
  if (v.delta_rows == 0) return EMP_OK;
  Array<uint32_t> order(kDeltaRows);
  if (!order) return EMP_OUT_OF_MEMORY;
  const Delta& delta = *v.delta;
  uint32_t live = 0;
  bool any_tag = false;
  for (uint32_t i = 0; i < v.delta_rows; ++i) {
    if (v.delta_is_removed(i)) continue;
    order[live++] = i;
    any_tag |= delta.tags[i] != 0;
  }
  if (live == 0) return EMP_OK;
  std::sort(order.data(), order.data() + live, [&](uint32_t a, uint32_t b) { return delta.ids[a] < delta.ids[b]; });
  DeltaSource rows = {&delta, order.data()};
  const RowSource source = {live, delta.ids[order[0]], delta.ids[order[live - 1]], any_tag, &rows, DeltaSource::next};
  return build_shard(source, 0, {nullptr, nullptr}, out);
}

}  // namespace empreinte
