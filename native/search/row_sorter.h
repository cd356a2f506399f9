// Where the rows of a segment go: by id as they come, or, with tables of short chunks, by their first chunk.
#pragma once
#include <algorithm>

#include "segment.h"

namespace empreinte {

// Where build_segment writes what it is given.
struct Places {
  Block* blocks;
  uint32_t* narrow;
  uint64_t* wide;
  uint8_t* banks;
  uint64_t first_id;
  void put_id(uint32_t i, uint64_t id) const {
    if (narrow != nullptr)
      narrow[i] = static_cast<uint32_t>(id - first_id);
    else
      wide[i] = id;
  }
};

// As number_at reads it.
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

// Rows as they come, by id, until it is known where each belongs by its first chunk, of 16 bits.
class RowSorter {
  static constexpr uint32_t kValues = 1u << 16;

 public:
  // `spare`: memory that may be used until `finish` is done, where it is large enough: fresh pages cost more than the
  // sorting.
  RowSorter(uint32_t rows, uint8_t* spare, size_t spare_size) : rows_(rows) {
    const size_t needed = size_t{rows} * (sizeof(Row) + sizeof(uint64_t) + sizeof(uint32_t) + 1);
    if (spare_size < needed) {
      memory_ = Region(needed);
      spare = memory_.data();
    }
    if (spare == nullptr) return;
    row_ = reinterpret_cast<Row*>(spare);
    id_ = reinterpret_cast<uint64_t*>(row_ + rows);
    sorted_ = reinterpret_cast<uint32_t*>(id_ + rows);
    bank_ = reinterpret_cast<uint8_t*>(sorted_ + rows);
  }
  bool ready() const { return row_ != nullptr; }
  void put(uint32_t i, const Row& row, uint64_t id, uint8_t bank) {
    row_[i] = row;
    id_[i] = id;
    bank_[i] = bank;
  }

  // Table 0's offsets, the order by id, and the rows where they belong.
  void finish(uint32_t* offsets, uint8_t* order, const Places& out) {
    std::fill_n(offsets, kValues + 1, 0u);
    for (uint32_t i = 0; i < rows_; ++i) ++offsets[row_[i].chunk(0)];
    for (uint32_t v = 0, from = 0; v <= kValues; ++v) from += std::exchange(offsets[v], from);
    for (uint32_t i = 0; i < rows_; ++i) {
      const uint32_t at = offsets[row_[i].chunk(0)]++;
      sorted_[at] = i;
      put_number(order, 3, i, at);
    }
    // Each is now where the next one's bucket begins.
    for (uint32_t v = kValues; v > 0; --v) offsets[v] = offsets[v - 1];
    offsets[0] = 0;
    constexpr uint32_t kAhead = 24;
    for (uint32_t at = 0; at < rows_; ++at) {
      if (at + kAhead < rows_) {
        fetch(row_ + sorted_[at + kAhead]);
        fetch(id_ + sorted_[at + kAhead]);
      }
      const uint32_t i = sorted_[at];
      out.blocks[at / kBlockRows].put(at % kBlockRows, row_[i]);
      out.put_id(at, id_[i]);
      if (out.banks != nullptr) out.banks[at] = bank_[i];
    }
  }

 private:
  uint32_t rows_;
  Region memory_;
  Row* row_ = nullptr;
  uint64_t* id_ = nullptr;
  uint32_t* sorted_ = nullptr;
  uint8_t* bank_ = nullptr;
};

}  // namespace empreinte
