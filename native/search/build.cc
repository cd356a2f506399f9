// Building a segment: rows into blocks, then one counting sort a table.
#include <algorithm>
#include <memory>
#include <new>

#include "../memory.h"
#include "file.h"
#include "row_sorter.h"
#include "segment.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace empreinte {
namespace {

bool cancelled(const emp_cancel& cancel) { return cancel.poll != nullptr && cancel.poll(cancel.context) != 0; }

// Postings are scattered to 65,536 places or, of long chunks, a million. Done at once that is a cache miss and a TLB
// miss each; so first by the upper eight bits of their value, through buffers of one cache line that go out past the
// caches when full, then each of the 256 parts, which fits a cache, by the lower bits.
class TableBuilder {
 public:
  TableBuilder(uint32_t rows, uint32_t tables)
      : rows_(rows),
        cut_(cut_of(tables)),
        buckets_(buckets_of(tables)),
        bytes_(number_bytes(tables)),
        memory_((size_t{rows} + 256 * kLine) * sizeof(uint64_t)),
        parts_(reinterpret_cast<uint64_t*>(memory_.data())) {}
  bool ready() const { return parts_ != nullptr; }

  // Of each row once, before any table is built.
  void count(const Row& row) {
    if (cut_.chunks == kChunks)
      for (uint32_t c = 0; c < kChunks; ++c) ++counts_[c][row.chunk(c) >> 8];
    else
      for (uint32_t c = 0; c < kLongChunks; ++c) ++counts_[c][row.bits(kLong.begin(c + 1) - 8, 8)];
  }

  void build(const Block* blocks, uint32_t chunk, uint32_t* offsets, uint16_t* fingerprint, uint8_t* row) {
    partition(blocks, chunk);
    scatter(chunk, offsets, fingerprint, row);
  }
  // Of rows that are in the order of their chunk 0: the postings are the rows.
  void build_first(const Block* blocks, uint16_t* fingerprint) const {
    for (uint32_t first = 0; first < rows_; first += kBlockRows)
      bits_of(blocks[first / kBlockRows], cut_.begin(1), 16, std::min(kBlockRows, rows_ - first), fingerprint + first);
  }

 private:
  // A posting: its row, the lower bits of its value above that, and its fingerprint on top.
  static constexpr uint32_t kLine = 8;  // of them in 64 bytes
  static constexpr Cut kLong = cut_of(kLongChunks);
  static constexpr uint32_t kMostLow = 1u << 12;

  // `bits` bits of each row from bit `from` on, which lie in one word or in two.
  static void bits_of(const Block& block, uint32_t from, uint32_t bits, uint32_t n, uint16_t* out) {
    const uint32_t word = from / 32, shift = from % 32;
    const uint16_t mask = static_cast<uint16_t>((1u << bits) - 1);
    if (shift + bits <= 32) {
      if (word < 4)
        for (uint32_t i = 0; i < n; ++i) out[i] = static_cast<uint16_t>(block.column[word][i] >> shift) & mask;
      else
        for (uint32_t i = 0; i < n; ++i) out[i] = static_cast<uint16_t>(block.rest[i][word - 4] >> shift) & mask;
      return;
    }
    const auto first_of = [&](uint32_t w) { return w < 4 ? block.column[w] : &block.rest[0][w - 4]; };
    const auto step_of = [](uint32_t w) { return w < 4 ? 1u : 4u; };
    const uint32_t next = (word + 1) % 8, low_step = step_of(word), high_step = step_of(next);
    const uint32_t *low = first_of(word), *high = first_of(next);
    for (uint32_t i = 0; i < n; ++i)
      out[i] = static_cast<uint16_t>((uint64_t{high[i * high_step]} << 32 | low[i * low_step]) >> shift) & mask;
  }

  static void put_line(uint64_t* to, const uint64_t* line) {
#if defined(__SSE2__)
    for (uint32_t i = 0; i < kLine; i += 2)
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), _mm_load_si128(reinterpret_cast<const __m128i*>(line + i)));
#else
    std::memcpy(to, line, kLine * sizeof(uint64_t));
#endif
  }

  // Each part begins on a line of its own.
  void partition(const Block* blocks, uint32_t chunk) {
    alignas(64) uint64_t line[256][kLine];
    uint32_t at[256];
    uint8_t filled[256] = {};
    for (uint32_t high = 0, from = 0; high < 256; ++high) {
      at[high] = from_[high] = from;
      from += (counts_[chunk][high] + kLine - 1) & ~(kLine - 1);
    }
    const uint32_t begin = cut_.begin(chunk), low_bits = cut_.bits(chunk) - 8;
    uint16_t high_of[kBlockRows], low_of[kBlockRows], next[kBlockRows];
    for (uint32_t first = 0; first < rows_; first += kBlockRows) {
      const Block& block = blocks[first / kBlockRows];
      const uint32_t n = std::min(kBlockRows, rows_ - first);
      bits_of(block, begin + low_bits, 8, n, high_of);
      bits_of(block, begin, low_bits, n, low_of);
      bits_of(block, cut_.begin((chunk + 1) % cut_.chunks), 16, n, next);
      for (uint32_t i = 0; i < n; ++i) {
        const uint32_t high = high_of[i];
        line[high][filled[high]] = (first + i) | uint64_t{low_of[i]} << 32 | uint64_t{next[i]} << 48;
        if (++filled[high] < kLine) continue;
        put_line(&parts_[at[high]], line[high]);
        at[high] += kLine;
        filled[high] = 0;
      }
    }
    for (uint32_t high = 0; high < 256; ++high)
      std::memcpy(&parts_[at[high]], line[high], filled[high] * sizeof(uint64_t));
#if defined(__SSE2__)
    _mm_sfence();
#endif
  }

  void scatter(uint32_t chunk, uint32_t* offsets, uint16_t* fingerprint, uint8_t* row) {
    const uint32_t lows = 1u << (cut_.bits(chunk) - 8);
    uint32_t from = 0, at[kMostLow];
    for (uint32_t high = 0; high < 256; ++high) {
      const uint64_t* part = &parts_[from_[high]];
      const uint32_t n = counts_[chunk][high];
      std::fill_n(at, lows, 0u);
      for (uint32_t i = 0; i < n; ++i) ++at[static_cast<uint16_t>(part[i] >> 32)];
      for (uint32_t low = 0; low < lows; ++low) {
        offsets[high * lows + low] = from;
        from += std::exchange(at[low], from);
      }
      for (uint32_t i = 0; i < n; ++i) {
        const uint64_t posting = part[i];
        const uint32_t to = at[static_cast<uint16_t>(posting >> 32)]++;
        fingerprint[to] = static_cast<uint16_t>(posting >> 48);
        put_number(row, bytes_, to, static_cast<uint32_t>(posting));
      }
    }
    // A chunk of fewer bits than the longest has fewer values.
    std::fill(offsets + 256 * size_t{lows}, offsets + buckets_ + 1, from);
  }

  uint32_t rows_;
  Cut cut_;
  uint32_t buckets_, bytes_;
  uint32_t counts_[kChunks][256] = {}, from_[256];
  Region memory_;
  uint64_t* parts_;
};

}  // namespace

Segment::~Segment() {
  if (file != nullptr) file->release();
}

// Ids are often numbered through: the first guesses are where the id would be if they were spread evenly.
uint32_t Segment::find(uint64_t id) const {
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

// What lies behind a table's sections is in files, too.
void clear_padding(const Table& table, uint32_t rows, uint32_t tables, const Layout& layout) {
  const auto clear = [](const void* section, size_t used, size_t size) {
    std::memset(const_cast<uint8_t*>(static_cast<const uint8_t*>(section)) + used, 0, size - used);
  };
  clear(table.offsets, sizeof(uint32_t) * (size_t{buckets_of(tables)} + 1), layout.offsets);
  clear(table.fingerprint, 2 * size_t{rows}, layout.fingerprints);
  clear(table.row, size_t{table.bytes} * rows, layout.row_numbers);
}

}  // namespace

emp_status build_segment(const RowSource& source, uint32_t tables, const emp_cancel& cancel, Segment** out) {
  *out = nullptr;
  const uint32_t n = source.rows;
  if (!known_tables(tables) || n == 0 || n > most_rows(tables)) return EMP_BAD_OPTION;
  std::unique_ptr<Segment> segment(new (std::nothrow) Segment);
  if (!segment) return EMP_OUT_OF_MEMORY;

  const Layout layout = layout_of(n, tables, source.last_id - source.first_id <= UINT32_MAX, source.any_bank);
  segment->region = Region(layout.total);
  if (!segment->region) return EMP_OUT_OF_MEMORY;
  segment->attach(segment->region.data(), n, tables, source.first_id, layout);

  const Places places = {const_cast<Block*>(segment->blocks), const_cast<uint32_t*>(segment->ids.narrow),
                         const_cast<uint64_t*>(segment->ids.wide), const_cast<uint8_t*>(segment->banks),
                         source.first_id};
  const bool by_chunk = segment->order != nullptr;
  TableBuilder builder(tables > 0 ? n : 0, tables);
  // Tables are built when rows are in their places: until then they sort there, but for table 0, which comes first.
  uint8_t* const spare =
      by_chunk ? reinterpret_cast<uint8_t*>(const_cast<uint32_t*>(segment->table[1].offsets)) : nullptr;
  const size_t spare_size = by_chunk ? layout.total - static_cast<size_t>(spare - segment->region.data()) : 0;
  std::unique_ptr<RowSorter> sorter(by_chunk ? new (std::nothrow) RowSorter(n, spare, spare_size) : nullptr);
  if (!builder.ready() || (by_chunk && (!sorter || !sorter->ready()))) return EMP_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < n; ++i) {
    if (i % (1u << 16) == 0 && cancelled(cancel)) return EMP_CANCELLED;
    Row row;
    uint64_t id;
    uint8_t bank;
    source.next(source.context, &row, &id, &bank);
    if (tables > 0) builder.count(row);
    if (by_chunk) {
      sorter->put(i, row, id, bank);
      continue;
    }
    places.blocks[i / kBlockRows].put(i % kBlockRows, row);
    places.put_id(i, id);
    if (places.banks != nullptr) places.banks[i] = bank;
  }
  if (by_chunk) {
    const Table& first = segment->table[0];
    sorter->finish(const_cast<uint32_t*>(first.offsets), const_cast<uint8_t*>(segment->order), places);
    builder.build_first(places.blocks, const_cast<uint16_t*>(first.fingerprint));
    sorter.reset();
    for (uint32_t t = 1; t < tables; ++t) clear_padding(segment->table[t], n, tables, layout);
  }

  for (uint32_t t = by_chunk ? 1 : 0; t < tables; ++t) {
    if (cancelled(cancel)) return EMP_CANCELLED;
    const Table& table = segment->table[t];
    builder.build(places.blocks, segment->chunk_of(t), const_cast<uint32_t*>(table.offsets),
                  const_cast<uint16_t*>(table.fingerprint), const_cast<uint8_t*>(table.row));
  }
  *out = segment.release();
  return EMP_OK;
}

}  // namespace empreinte
