// Puts the rows of a shard in their places: by id as they come or, with tables of short chunks, by their first chunk.
#pragma once
#include <algorithm>

#include "shard.h"

namespace empreinte {

// The memory that build_shard fills.
struct Places {
  Block* blocks;
  uint32_t* narrow;
  uint64_t* wide;
  uint8_t* tags;
  uint64_t first_id;
  void put_id(uint32_t i, uint64_t id) const {
    if (narrow != nullptr)
      narrow[i] = static_cast<uint32_t>(id - first_id);
    else
      wide[i] = id;
  }
};

// Writes a number as number_at reads it.
inline void put_number(uint8_t* numbers, uint32_t bytes, uint32_t i, uint32_t number) {
  uint8_t* to = numbers + size_t{bytes} * i;
  if (bytes == 4) {
    std::memcpy(to, &number, 4);
    return;
  }
  const uint16_t low = static_cast<uint16_t>(number);
  std::memcpy(to, &low, 2);
  to[2] = static_cast<uint8_t>(number >> 16);
}

// Collects rows by id until the place of each by its first chunk of 16 bits is known. They wait in memory that is
// needed for something else later: fresh pages cost more than the sorting.
class RowSorter {
  static constexpr uint32_t kValues = 1u << 16;

 public:
  // Bytes for each row: its number, and its id where ids are narrow.
  static constexpr size_t kNumbers = 2 * sizeof(uint32_t);

  // `numbers`, of kNumbers bytes a row, is in use until `finish` is done. `spare` is used where it is large enough for
  // everything else. `offsets` are those of table 0, all 0 at first.
  RowSorter(uint32_t rows, const Places& out, uint32_t* offsets, uint8_t* numbers, uint8_t* spare, size_t spare_size)
      : rows_(rows),
        out_(out),
        offsets_(offsets),
        sorted_(reinterpret_cast<uint32_t*>(numbers)),
        narrow_(sorted_ + rows) {
    const size_t n = rows, wide = out.wide != nullptr ? sizeof(uint64_t) * n : 0;
    const size_t needed = sizeof(Row) * n + wide + (out.tags != nullptr ? n : 0);
    if (spare_size < needed) {
      memory_ = Region(needed);
      spare = memory_.data();
    }
    if (spare == nullptr) return;
    row_ = reinterpret_cast<Row*>(spare);
    wide_ = reinterpret_cast<uint64_t*>(row_ + n);
    tag_ = spare + sizeof(Row) * n + wide;
  }
  bool ready() const { return row_ != nullptr; }
  void put(uint32_t i, const Row& row, uint64_t id, uint8_t tag) {
    ++offsets_[row.chunk(0)];
    row_[i] = row;
    if (out_.wide != nullptr) {
      wide_[i] = id;
    } else {
      narrow_[i] = static_cast<uint32_t>(id - out_.first_id);
      numbered_ = numbered_ && narrow_[i] == i;
    }
    if (out_.tags != nullptr) tag_[i] = tag;
  }

  // Makes the offsets of table 0 and the order by id, and puts the rows in their places.
  void finish(uint8_t* order) {
    for (uint32_t v = 0, from = 0; v <= kValues; ++v) from += std::exchange(offsets_[v], from);
    for (uint32_t i = 0; i < rows_; ++i) {
      const uint32_t at = offsets_[row_[i].chunk(0)]++;
      sorted_[at] = i;
      put_number(order, 3, i, at);
    }
    // Each offset is now where the bucket of the next value begins.
    for (uint32_t v = kValues; v > 0; --v) offsets_[v] = offsets_[v - 1];
    offsets_[0] = 0;
    constexpr uint32_t kAhead = 24;
    for (uint32_t at = 0; at < rows_; ++at) {
      if (at + kAhead < rows_) {
        const uint32_t next = sorted_[at + kAhead];
        fetch(row_ + next);
        if (out_.wide != nullptr)
          fetch(wide_ + next);
        else if (!numbered_)
          fetch(narrow_ + next);
      }
      const uint32_t i = sorted_[at];
      out_.blocks[at / kBlockRows].put(at % kBlockRows, row_[i]);
      if (out_.wide != nullptr)
        out_.wide[at] = wide_[i];
      else
        out_.narrow[at] = numbered_ ? i : narrow_[i];
      if (out_.tags != nullptr) out_.tags[at] = tag_[i];
    }
  }

 private:
  uint32_t rows_;
  Places out_;
  uint32_t *offsets_, *sorted_, *narrow_;
  bool numbered_ = true;  // without gaps: narrow ids are what their rows' numbers are
  Region memory_;
  Row* row_ = nullptr;
  uint64_t* wide_ = nullptr;
  uint8_t* tag_ = nullptr;
};

}  // namespace empreinte
