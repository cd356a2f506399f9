// A shard is an immutable part of an index, searched by itself: rows, and tables that lead from a chunk's value to the
// rows that have it.
//
// Rows without tables are sorted by id. With tables of short chunks they are sorted by their first chunk, so that
// near-identical rows are neighbours: a cluster is read in a few cache lines, and table 0 needs no row numbers. Their
// order by id is stored as well. With tables of long chunks they stay sorted by id, because sorting a hundred million
// takes gigabytes while it runs.
//
// Table t of a full shard is of chunk t; of a lean one, which has every second table, of chunk 2t. A table is
//   offsets[2^16 + 1]   where the postings of each value begin; [2^20 + 1] for long chunks
//   fingerprint[n]      the first 16 bits of the next chunk (cyclically) of each posting's row
//   row[3·n]            its row number, 24 bits: hence at most 2^24 rows. Table 0 has none: its posting i is row i.
//                       row[4·n] for long chunks, table 0 too
// All of it is one region. Each section begins on a 64-byte boundary with 64 bytes behind it, so that a vector may read
// past its end.
#pragma once
#include <atomic>

#include "../../empreinte.h"
#include "block.h"
#include "cut.h"
#include "region.h"

namespace empreinte {

constexpr uint32_t most_rows(uint32_t tables) { return tables == kLongChunks ? 3u << 25 : 1u << 24; }
constexpr uint32_t number_bytes(uint32_t tables) { return tables == kLongChunks ? 4 : 3; }

// Returns number i of those stored in three or four bytes each. It may read one byte more than it needs; 64 follow the
// last.
inline uint32_t number_at(const uint8_t* numbers, uint32_t bytes, uint32_t i) {
  uint32_t word;
  std::memcpy(&word, numbers + size_t{bytes} * i, sizeof(word));
  return bytes == 4 ? word : word & 0xffffffu;
}

struct Table {
  const uint32_t* offsets;
  const uint16_t* fingerprint;
  const uint8_t* row;  // null in table 0 of short chunks
  uint32_t bytes;      // of a row number
  const void* place(uint32_t posting) const { return row != nullptr ? row + size_t{bytes} * posting : nullptr; }
  uint32_t row_at(uint32_t posting) const { return row != nullptr ? number_at(row, bytes, posting) : posting; }
};

constexpr uint64_t kMostEntry = (uint64_t{1} << EMP_ENTRY_BITS) - 1;
constexpr uint64_t kMostId = (uint64_t{EMP_MOST_CROPS} << EMP_ENTRY_BITS) | kMostEntry;

// The ids of the rows: 4 bytes each above the smallest where they span less than 2^32, else 8.
struct Ids {
  uint64_t first = 0;
  const uint32_t* narrow = nullptr;
  const uint64_t* wide = nullptr;
  const void* place(uint32_t i) const { return narrow != nullptr ? static_cast<const void*>(narrow + i) : wide + i; }
  uint64_t at(uint32_t i) const { return narrow != nullptr ? first + narrow[i] : wide[i]; }
};

// The sections of a shard's memory in their order, which are also those of an index file.
struct Layout {
  size_t blocks, ids, order, tags, offsets, fingerprints, row_numbers,
      total;  // bytes of each; offsets, fingerprints and row_numbers of one table
  bool narrow;
};
Layout layout_of(uint32_t rows, uint32_t tables, bool narrow, bool any_tag);

struct File;  // a file with several shards

struct Shard {
  std::atomic<uint32_t> references{1};
  Region region;         // its own memory
  File* file = nullptr;  // the file that has its memory instead, or null
  ~Shard();
  uint32_t rows = 0, tables = 0;  // tables: 0, 8, 13 or 16
  const Block* blocks = nullptr;
  Ids ids;
  const uint8_t* order = nullptr;  // with tables of short chunks: the rows by ascending id, 24 bits each
  const uint8_t* tags = nullptr;   // null when all are 0
  Table table[kChunks];

  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  Cut cut() const { return cut_of(tables); }
  uint32_t chunk_of(uint32_t t) const { return tables == kChunks / 2 ? 2 * t : t; }
  size_t bytes() const;
  // Returns the i-th row by id. In a damaged file it may be any row, but never a number outside.
  uint32_t row_by_id(uint32_t i) const {
    if (order == nullptr) return i;
    const uint32_t row = number_at(order, 3, i);
    return row < rows ? row : rows - 1;
  }
  uint64_t last_id() const { return ids.at(row_by_id(rows - 1)); }
  Row row(uint32_t i) const { return blocks[i / kBlockRows].row(i % kBlockRows); }
  // Sets the pointers to the sections, from the first byte of the memory.
  void attach(const uint8_t* memory, uint32_t row_count, uint32_t table_count, uint64_t first_id, const Layout& layout);
  // Returns the row of an id, or `rows` when there is none.
  uint32_t find(uint64_t id) const;
};

// The rows of a new shard, in ascending order of id.
struct RowSource {
  uint32_t rows;
  uint64_t first_id, last_id;
  bool any_tag;
  void* context;
  // Fills `row`, `id` and `tag` of the next row.
  void (*next)(void* context, Row* row, uint64_t* id, uint8_t* tag);
};

// Builds a shard with 0, 8, 13 or 16 tables. EMP_CANCELLED and EMP_OUT_OF_MEMORY leave nothing behind.
emp_status build_shard(const RowSource& source, uint32_t tables, const emp_cancel& cancel, Shard** out);

}  // namespace empreinte
