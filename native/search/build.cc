// Building a segment: rows into blocks, then one counting sort a table.
#include <algorithm>
#include <memory>
#include <new>

#include "../memory.h"
#include "file.h"
#include "segment.h"

namespace empreinte {
namespace {

bool cancelled(const emp_cancel& cancel) { return cancel.poll != nullptr && cancel.poll(cancel.context) != 0; }

// Postings are scattered to 65,536 places. Done at once that is a cache miss and a TLB miss each; so first by the upper
// byte, through buffers of one cache line that are written out when full, then each of the 256 parts, which fits the
// second cache, by the lower byte.
struct Posting {
  uint32_t row;
  uint16_t value, next;
};

class TableBuilder {
 public:
  explicit TableBuilder(uint32_t rows) : rows_(rows), parts_(size_t{rows} + 256 * kLine) {}
  bool ready() const { return static_cast<bool>(parts_); }

  void build(const Block* blocks, uint32_t chunk, uint32_t* offsets, uint16_t* fingerprint, uint8_t* row) {
    count(blocks, chunk, offsets);
    partition(blocks, chunk, offsets);
    scatter(offsets, fingerprint, row);
  }

 private:
  static constexpr uint32_t kLine = 8;  // postings of 8 bytes in 64

  static uint32_t chunk_at(const Block& block, uint32_t i, uint32_t chunk) {
    const uint32_t word = chunk / 2 < 4 ? block.column[chunk / 2][i] : block.rest[i][chunk / 2 - 4];
    return word >> (16 * (chunk % 2)) & 0xffffu;
  }

  void count(const Block* blocks, uint32_t chunk, uint32_t* offsets) {
    std::fill_n(offsets, kBuckets + 1, 0u);
    for (uint32_t i = 0; i < rows_; ++i) ++offsets[chunk_at(blocks[i / kBlockRows], i % kBlockRows, chunk) + 1];
    for (uint32_t v = 0; v < kBuckets; ++v) offsets[v + 1] += offsets[v];
  }

  void partition(const Block* blocks, uint32_t chunk, const uint32_t* offsets) {
    alignas(64) Posting line[256][kLine];
    uint32_t filled[256] = {}, at[256];
    for (uint32_t high = 0; high < 256; ++high) at[high] = offsets[high << 8];
    const uint32_t after = (chunk + 1) % kChunks;
    for (uint32_t i = 0; i < rows_; ++i) {
      const Block& block = blocks[i / kBlockRows];
      const uint32_t value = chunk_at(block, i % kBlockRows, chunk), high = value >> 8;
      line[high][filled[high]++] = {i, static_cast<uint16_t>(value),
                                    static_cast<uint16_t>(chunk_at(block, i % kBlockRows, after))};
      if (filled[high] < kLine) continue;
      std::memcpy(&parts_[at[high]], line[high], sizeof(line[high]));
      at[high] += kLine;
      filled[high] = 0;
    }
    for (uint32_t high = 0; high < 256; ++high)
      std::memcpy(&parts_[at[high]], line[high], filled[high] * sizeof(Posting));
  }

  // Each part in order into a small buffer, one store a posting, then out to the table from front to back.
  void scatter(const uint32_t* offsets, uint16_t* fingerprint, uint8_t* row) {
    uint32_t at[256];
    for (uint32_t high = 0; high < 256; ++high) {
      const uint32_t from = offsets[high << 8], to = offsets[(high + 1) << 8];
      if (to - from > ordered_.size()) {
        ordered_ = Array<Posting>(2 * size_t{to - from});
        if (!ordered_) return;
      }
      for (uint32_t low = 0; low < 256; ++low) at[low] = offsets[(high << 8) + low] - from;
      for (uint32_t i = from; i < to; ++i) ordered_[at[parts_[i].value & 255]++] = parts_[i];
      for (uint32_t i = from; i < to; ++i) {
        const Posting& p = ordered_[i - from];
        fingerprint[i] = p.next;
        uint8_t* r = row + size_t{3} * i;
        const uint16_t low = static_cast<uint16_t>(p.row);
        std::memcpy(r, &low, 2);
        r[2] = static_cast<uint8_t>(p.row >> 16);
      }
    }
  }

  uint32_t rows_;
  Array<Posting> parts_, ordered_;
};

}  // namespace

Segment::~Segment() {
  if (file != nullptr) file->release();
}

uint32_t Segment::find(uint64_t id) const {
  if (id < ids.at(0) || id > ids.at(rows - 1)) return rows;
  uint32_t from = 0, to = rows - 1;
  while (from < to) {
    const uint32_t middle = from + (to - from) / 2;
    if (ids.at(middle) < id)
      from = middle + 1;
    else
      to = middle;
  }
  return ids.at(from) == id ? from : rows;
}

emp_status build_segment(const RowSource& source, uint32_t tables, const emp_cancel& cancel, Segment** out) {
  *out = nullptr;
  const uint32_t n = source.rows;
  if (n == 0 || n > kMostSegmentRows || (tables != 0 && tables != kChunks / 2 && tables != kChunks))
    return EMP_BAD_OPTION;
  std::unique_ptr<Segment> segment(new (std::nothrow) Segment);
  if (!segment) return EMP_OUT_OF_MEMORY;

  const Layout layout = layout_of(n, tables, source.last_id - source.first_id <= UINT32_MAX, source.any_bank);
  segment->region = Region(layout.total);
  if (!segment->region) return EMP_OUT_OF_MEMORY;
  segment->attach(segment->region.data(), n, tables, source.first_id, layout);

  Block* blocks = const_cast<Block*>(segment->blocks);
  uint32_t* narrow = const_cast<uint32_t*>(segment->ids.narrow);
  uint64_t* wide = const_cast<uint64_t*>(segment->ids.wide);
  uint8_t* banks = const_cast<uint8_t*>(segment->banks);
  for (uint32_t i = 0; i < n; ++i) {
    if (i % (1u << 16) == 0 && cancelled(cancel)) return EMP_CANCELLED;
    Row row;
    uint64_t id;
    uint8_t bank;
    source.next(source.context, &row, &id, &bank);
    blocks[i / kBlockRows].put(i % kBlockRows, row);
    if (narrow != nullptr)
      narrow[i] = static_cast<uint32_t>(id - source.first_id);
    else
      wide[i] = id;
    if (banks != nullptr) banks[i] = bank;
  }

  if (tables > 0) {
    TableBuilder builder(n);
    if (!builder.ready()) return EMP_OUT_OF_MEMORY;
    for (uint32_t t = 0; t < tables; ++t) {
      if (cancelled(cancel)) return EMP_CANCELLED;
      const Table& table = segment->table[t];
      builder.build(blocks, segment->chunk_of(t), const_cast<uint32_t*>(table.offsets),
                    const_cast<uint16_t*>(table.fingerprint), const_cast<uint8_t*>(table.row));
    }
  }
  *out = segment.release();
  return EMP_OK;
}

}  // namespace empreinte
