// The tables of a shard: a counting sort of the row numbers and fingerprints for each.
#pragma once
#include <algorithm>

#include "../../memory.h"
#include "row_sorter.h"
#include "shard.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace empreinte {

// Scatters postings to 65,536 places or, for long chunks, a million. At once that would be a cache miss and a TLB miss
// each. So they go first by the upper eight bits of their value, through buffers of one cache line that go out past the
// caches when full. Then each of the 256 groups, which fits a cache, is sorted by the lower bits.
class TableBuilder {
 public:
  TableBuilder(uint32_t rows, uint32_t tables)
      : rows_(rows),
        cut_(cut_of(tables)),
        buckets_(buckets_of(tables)),
        memory_((size_t{rows} + 256 * kLine) * sizeof(uint64_t)),
        shards_(reinterpret_cast<uint64_t*>(memory_.data())) {}
  bool ready() const { return shards_ != nullptr; }
  // Returns at least eight bytes for each row, until a table is built.
  uint8_t* spare() { return memory_.data(); }

  // Counts a row. Call it once for each row, before any table is built.
  void count(const Row& row) {
    if (cut_.chunks == kChunks)
      for (uint32_t c = 0; c < kChunks; ++c) ++counts_[c][row.chunk(c) >> 8];
    else
      for (uint32_t c = 0; c < kLongChunks; ++c) ++counts_[c][row.bits(kLong.begin(c + 1) - 8, 8)];
  }

  void build(const Block* blocks, uint32_t chunk, uint32_t* offsets, uint16_t* fingerprint, uint8_t* row) {
    if (cut_.chunks == kChunks) {
      partition<true>(blocks, chunk);
      scatter<3>(chunk, offsets, fingerprint, row);
    } else {
      partition<false>(blocks, chunk);
      scatter<4>(chunk, offsets, fingerprint, row);
    }
  }
  // Of rows that are in the order of their chunk 0: the postings are the rows.
  void build_first(const Block* blocks, uint16_t* fingerprint) const {
    for (uint32_t i = 0; i < rows_; ++i)
      fingerprint[i] = static_cast<uint16_t>(blocks[i / kBlockRows].column[0][i % kBlockRows] >> 16);
  }

 private:
  // A posting: its row, the lower bits of its value above that, and its fingerprint on top.
  static constexpr uint32_t kLine = 8;  // of them in 64 bytes
  static constexpr Cut kLong = cut_of(kLongChunks);
  static constexpr uint32_t kMostLow = 1u << 12;

  // The 32 bits of each row of a block from one bit on, which are in one word or in two.
  struct Bits {
    Bits(const Block& block, uint32_t from)
        : low(first_of(block, from / 32)),
          high(first_of(block, (from / 32 + 1) % 8)),
          low_step(step_of(from / 32)),
          high_step(step_of((from / 32 + 1) % 8)),
          shift(from % 32) {}
    uint32_t operator[](size_t i) const {
      return static_cast<uint32_t>((uint64_t{high[i * high_step]} << 32 | low[i * low_step]) >> shift);
    }
    static const uint32_t* first_of(const Block& block, uint32_t word) {
      return word < 4 ? block.column[word] : &block.rest[0][word - 4];
    }
    static uint32_t step_of(uint32_t word) { return word < 4 ? 1 : 4; }
    // What rows i + 64 … i + 79 have where it is not in columns, four lines: the processor's own fetching falls behind.
    void fetch_ahead(size_t i) const {
      if (low_step == 1) return;
      for (size_t line = 0; line < 4; ++line) fetch(low + low_step * (i + 64 + 4 * line));
    }
    const uint32_t *low, *high;
    uint32_t low_step, high_step, shift;
  };

  static void put_line(uint64_t* to, const uint64_t* line) {
#if defined(__SSE2__)
    for (uint32_t i = 0; i < kLine; i += 2)
      _mm_stream_si128(reinterpret_cast<__m128i*>(to + i), _mm_load_si128(reinterpret_cast<const __m128i*>(line + i)));
#else
    std::memcpy(to, line, kLine * sizeof(uint64_t));
#endif
  }

  // Each group begins on a cache line of its own. Behind a short chunk's 16 bits its fingerprint follows at once.
  template <bool Short>
  void partition(const Block* blocks, uint32_t chunk) {
    alignas(64) uint64_t line[256][kLine];
    uint32_t at[256];
    for (uint32_t high = 0, from = 0; high < 256; ++high) {
      at[high] = from_[high] = from;
      from += (counts_[chunk][high] + kLine - 1) & ~(kLine - 1);
    }
    const uint32_t low_bits = Short ? 8 : cut_.bits(chunk) - 8, low_mask = (1u << low_bits) - 1;
    for (uint32_t first = 0; first < rows_; first += kBlockRows) {
      const Block& block = blocks[first / kBlockRows];
      const uint32_t n = std::min(kBlockRows, rows_ - first);
      const Bits values(block, cut_.begin(chunk)), nexts(block, cut_.begin((chunk + 1) % cut_.chunks));
      for (uint32_t i = 0; i < n; ++i) {
        if (i % 16 == 0) values.fetch_ahead(i);
        const uint32_t value = values[i], next = Short ? value & 0xffff0000u : nexts[i] << 16;
        const uint32_t to = at[value >> low_bits & 255u]++, place = to % kLine;
        uint64_t* const full = line[value >> low_bits & 255u];
        full[place] = (first + i) | uint64_t{next | (value & low_mask)} << 32;
        if (place == kLine - 1) put_line(&shards_[to - place], full);
      }
    }
    for (uint32_t high = 0; high < 256; ++high) {
      const uint32_t left = at[high] % kLine;
      std::memcpy(&shards_[at[high] - left], line[high], left * sizeof(uint64_t));
    }
#if defined(__SSE2__)
    _mm_sfence();
#endif
  }

  template <uint32_t Bytes>
  void scatter(uint32_t chunk, uint32_t* offsets, uint16_t* fingerprint, uint8_t* row) {
    const uint32_t lows = 1u << (cut_.bits(chunk) - 8);
    uint32_t from = 0, at[kMostLow];
    for (uint32_t high = 0; high < 256; ++high) {
      const uint64_t *shard = &shards_[from_[high]], *next = &shards_[from_[(high + 1) % 256]];
      const uint32_t n = counts_[chunk][high];
      std::fill_n(at, lows, 0u);
      for (uint32_t i = 0; i < n; ++i) ++at[static_cast<uint16_t>(shard[i] >> 32)];
      for (uint32_t low = 0; low < lows; ++low) {
        offsets[high * lows + low] = from;
        from += std::exchange(at[low], from);
      }
      // The next group comes into the cache during the work on this one.
      for (uint32_t i = 0; i < n; ++i) {
        const uint64_t posting = shard[i];
        if (i % kLine == 0) fetch(next + i);
        const uint32_t to = at[static_cast<uint16_t>(posting >> 32)]++;
        fingerprint[to] = static_cast<uint16_t>(posting >> 48);
        put_number(row, Bytes, to, static_cast<uint32_t>(posting));
      }
    }
    // A chunk of fewer bits than the longest has fewer values.
    std::fill(offsets + 256 * size_t{lows}, offsets + buckets_ + 1, from);
  }

  uint32_t rows_;
  Cut cut_;
  uint32_t buckets_;
  uint32_t counts_[kChunks][256] = {}, from_[256];
  Region memory_;
  uint64_t* shards_;
};

}  // namespace empreinte
