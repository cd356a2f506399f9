// Builds a shard: rows into blocks, then one counting sort for each table.
#include <algorithm>
#include <memory>
#include <new>

#include "../../memory.h"
#include "../file/file.h"
#include "row_sorter.h"
#include "shard.h"
#include "table_builder.h"

namespace empreinte {
namespace {

bool cancelled(const emp_cancel& cancel) { return cancel.poll != nullptr && cancel.poll(cancel.context) != 0; }

}  // namespace

Shard::~Shard() {
  if (file != nullptr) file->release();
}

// Finds an id. Ids are often consecutive, so it first tries the place where the id would be if they were spread evenly.
uint32_t Shard::find(uint64_t id) const {
  uint32_t from = 0, to = rows - 1;
  const auto id_at = [this](uint32_t i) { return ids.at(row_by_id(i)); };
  uint64_t low = id_at(from), high = id_at(to);
  if (id < low || id > high) return rows;
  for (uint32_t guesses = 4; from<to; guesses -= guesses> 0) {
    uint32_t middle = from + (to - from) / 2;
    if (guesses > 0 && id >= low && id < high)
      middle = from + static_cast<uint32_t>(static_cast<double>(to - from) * static_cast<double>(id - low) /
                                            static_cast<double>(high - low));
    // The product may be rounded up to the end; in a damaged file the ids may not even ascend.
    middle = std::min(middle, to - 1);
    const uint64_t here = id_at(middle);
    if (here == id) return row_by_id(middle);
    if (here < id)
      from = middle + 1, low = id_at(from);
    else
      to = middle, high = here;
  }
  return id_at(from) == id ? row_by_id(from) : rows;
}

namespace {

// The padding behind the sections of a table is in files too.
void clear_padding(const Table& table, uint32_t rows, uint32_t tables, const Layout& layout) {
  const auto clear = [](const void* section, size_t used, size_t size) {
    std::memset(const_cast<uint8_t*>(static_cast<const uint8_t*>(section)) + used, 0, size - used);
  };
  clear(table.offsets, sizeof(uint32_t) * (size_t{buckets_of(tables)} + 1), layout.offsets);
  clear(table.fingerprint, 2 * size_t{rows}, layout.fingerprints);
  clear(table.row, size_t{table.bytes} * rows, layout.row_numbers);
}

}  // namespace

emp_status build_shard(const RowSource& source, uint32_t tables, const emp_cancel& cancel, Shard** out) {
  *out = nullptr;
  const uint32_t n = source.rows;
  if (!known_tables(tables) || n == 0 || n > most_rows(tables)) return EMP_BAD_OPTION;
  std::unique_ptr<Shard> shard(new (std::nothrow) Shard);
  if (!shard) return EMP_OUT_OF_MEMORY;

  const Layout layout = layout_of(n, tables, source.last_id - source.first_id <= UINT32_MAX, source.any_tag);
  shard->region = Region(layout.total);
  if (!shard->region) return EMP_OUT_OF_MEMORY;
  shard->attach(shard->region.data(), n, tables, source.first_id, layout);

  const Places places = {const_cast<Block*>(shard->blocks), const_cast<uint32_t*>(shard->ids.narrow),
                         const_cast<uint64_t*>(shard->ids.wide), const_cast<uint8_t*>(shard->tags), source.first_id};
  const bool by_chunk = shard->order != nullptr;
  TableBuilder builder(tables > 0 ? n : 0, tables);
  if (!builder.ready()) return EMP_OUT_OF_MEMORY;
  // Tables are built when rows are in their places. Until then rows wait in the tables' memory, except table 0's, which
  // is built first.
  uint8_t* const spare =
      by_chunk ? reinterpret_cast<uint8_t*>(const_cast<uint32_t*>(shard->table[1].offsets)) : nullptr;
  const size_t spare_size = by_chunk ? layout.total - static_cast<size_t>(spare - shard->region.data()) : 0;
  uint32_t* const first_offsets = const_cast<uint32_t*>(shard->table[0].offsets);
  std::unique_ptr<RowSorter> sorter;
  if (by_chunk) {
    sorter.reset(new (std::nothrow) RowSorter(n, places, first_offsets, builder.spare(), spare, spare_size));
    if (!sorter || !sorter->ready()) return EMP_OUT_OF_MEMORY;
  }
  for (uint32_t i = 0; i < n; ++i) {
    if (i % (1u << 16) == 0 && cancelled(cancel)) return EMP_CANCELLED;
    Row row;
    uint64_t id;
    uint8_t tag;
    source.next(source.context, &row, &id, &tag);
    if (tables > 0) builder.count(row);
    if (by_chunk) {
      sorter->put(i, row, id, tag);
      continue;
    }
    places.blocks[i / kBlockRows].put(i % kBlockRows, row);
    places.put_id(i, id);
    if (places.tags != nullptr) places.tags[i] = tag;
  }
  if (by_chunk) {
    sorter->finish(const_cast<uint8_t*>(shard->order));
    builder.build_first(places.blocks, const_cast<uint16_t*>(shard->table[0].fingerprint));
    sorter.reset();
    for (uint32_t t = 1; t < tables; ++t) clear_padding(shard->table[t], n, tables, layout);
  }

  for (uint32_t t = by_chunk ? 1 : 0; t < tables; ++t) {
    if (cancelled(cancel)) return EMP_CANCELLED;
    const Table& table = shard->table[t];
    builder.build(places.blocks, shard->chunk_of(t), const_cast<uint32_t*>(table.offsets),
                  const_cast<uint16_t*>(table.fingerprint), const_cast<uint8_t*>(table.row));
  }
  *out = shard.release();
  return EMP_OK;
}

}  // namespace empreinte
