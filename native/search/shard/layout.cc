#include "shard.h"

namespace empreinte {
namespace {

// Rounds up to the next 64-byte boundary, and adds 64 bytes, so that a vector may read past the end.
constexpr size_t padded(size_t bytes) { return ((bytes + 63) & ~size_t{63}) + 64; }

}  // namespace

Layout layout_of(uint32_t rows, uint32_t tables, bool narrow, bool any_tag) {
  const size_t n = rows;
  Layout l;
  l.narrow = narrow;
  l.blocks = blocks_for(n) * sizeof(Block);
  l.ids = padded((narrow ? 4 : 8) * n);
  const bool by_chunk = tables > 0 && tables != kLongChunks;
  l.order = by_chunk ? padded(3 * n) : 0;
  l.tags = any_tag ? padded(n) : 0;
  l.offsets = padded(sizeof(uint32_t) * (size_t{buckets_of(tables)} + 1));
  l.fingerprints = padded(2 * n);
  l.row_numbers = padded(number_bytes(tables) * n);
  l.total = l.blocks + l.ids + l.order + l.tags + tables * (l.offsets + l.fingerprints + l.row_numbers);
  if (by_chunk) l.total -= l.row_numbers;
  return l;
}

size_t Shard::bytes() const { return layout_of(rows, tables, ids.narrow != nullptr, tags != nullptr).total; }

void Shard::attach(const uint8_t* memory, uint32_t row_count, uint32_t table_count, uint64_t first_id,
                   const Layout& layout) {
  const auto take = [&memory](size_t bytes) { return std::exchange(memory, memory + bytes); };
  rows = row_count;
  tables = table_count;
  blocks = reinterpret_cast<const Block*>(take(layout.blocks));
  const uint8_t* id_bytes = take(layout.ids);
  ids.first = first_id;
  if (layout.narrow)
    ids.narrow = reinterpret_cast<const uint32_t*>(id_bytes);
  else
    ids.wide = reinterpret_cast<const uint64_t*>(id_bytes);
  order = layout.order > 0 ? take(layout.order) : nullptr;
  tags = layout.tags > 0 ? take(layout.tags) : nullptr;
  for (uint32_t t = 0; t < tables; ++t) {
    table[t].offsets = reinterpret_cast<const uint32_t*>(take(layout.offsets));
    table[t].fingerprint = reinterpret_cast<const uint16_t*>(take(layout.fingerprints));
    table[t].row = t > 0 || order == nullptr ? take(layout.row_numbers) : nullptr;
    table[t].bytes = number_bytes(tables);
  }
}

}  // namespace empreinte
