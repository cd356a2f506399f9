#include "multi_index.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "../../memory.h"

namespace empreinte {
namespace {

constexpr int kMostThreshold = 4;

// All masks of kBits bits with at most four set, fewest first. Each is a mask of one bit less, with a bit above its
// highest.
template <uint32_t kBits>
struct Masks {
  static constexpr uint32_t kAll = 1 + kBits + kBits * (kBits - 1) / 2 + kBits * (kBits - 1) * (kBits - 2) / 6 +
                                   kBits * (kBits - 1) * (kBits - 2) / 6 * (kBits - 3) / 4;
  std::array<uint32_t, kAll> mask{};
  std::array<uint32_t, kMostThreshold + 2> within{};  // of at most t − 1 bits
  constexpr Masks() {
    uint32_t n = 1;
    within[1] = 1;
    for (int bits = 1; bits <= kMostThreshold; ++bits) {
      for (uint32_t i = within[bits - 1]; i < within[bits]; ++i)
        for (uint32_t bit = 1; bit < 1u << kBits; bit *= 2)
          if (bit > mask[i]) mask[n++] = mask[i] | bit;
      within[bits + 1] = n;
    }
  }
};
constexpr Masks<16> kMasks16;
constexpr Masks<19> kMasks19;
constexpr Masks<20> kMasks20;

struct MasksOf {
  const uint32_t *mask, *within;
  explicit MasksOf(uint32_t bits)
      : mask(bits == 16   ? kMasks16.mask.data()
             : bits == 19 ? kMasks19.mask.data()
                          : kMasks20.mask.data()),
        within(bits == 16   ? kMasks16.within.data()
               : bits == 19 ? kMasks19.within.data()
                            : kMasks20.within.data()) {}
};
static_assert(cut_of(kLongChunks).bits(0) == 19 && cut_of(kLongChunks).bits(kLongChunks - 1) == 20);

// Rows that were read whole, so that a row of a cluster, which comes up in many tables, is read once. It may forget.
class SeenRows {
 public:
  bool has(uint32_t row) const { return slots_[row & mask_] == (row >> bits_) + 1; }
  void put(uint32_t row) {
    slots_[row & mask_] = static_cast<uint16_t>((row >> bits_) + 1);
    if (++count_ == kFew / 2) grow();
  }

 private:
  static constexpr uint32_t kFewBits = 11, kFew = 1u << kFewBits, kManyBits = 18;
  static_assert((most_rows(kLongChunks) >> kFewBits) + 1 <= UINT16_MAX);
  // Starts anew with more room. Without the memory it only forgets more.
  void grow() {
    many_.reset(static_cast<uint16_t*>(std::calloc(size_t{1} << kManyBits, sizeof(uint16_t))));
    if (!many_) return;
    slots_ = many_.get();
    bits_ = kManyBits;
    mask_ = (1u << kManyBits) - 1;
  }

  struct Free {
    void operator()(uint16_t* p) const { std::free(p); }
  };
  uint16_t few_[kFew] = {};
  std::unique_ptr<uint16_t[], Free> many_;
  uint16_t* slots_ = few_;
  uint32_t bits_ = kFewBits, mask_ = kFew - 1, count_ = 0;
};

class Search {
 public:
  Search(const Shard& shard, const emp_kernel& kernel, const Row& query, uint32_t radius, const emp_cancel& cancel,
         const RowSink& sink, uint64_t* rows_left)
      : shard_(shard), kernel_(kernel), radius_(radius), cancel_(cancel), sink_(sink), rows_left_(*rows_left) {
    query_.row = query;
    query_.cut = shard.cut();
    query_.radius = radius;
    query_.stride = query_.cut.chunks / shard.tables;
    choose_thresholds();
  }

  emp_status run(uint32_t first, uint32_t end) {
    for (uint32_t t = first; t < end && rows_left_ > 0; ++t) {
      const emp_status status = probe_table(t);
      if (status != EMP_OK) return status;
    }
    return flush();
  }

 private:
  static constexpr uint32_t kMostProbes = 1024, kMostCandidates = 4096, kAhead = 32;

  // Chooses even thresholds, and one more for some tables, as far from one another as possible. What two neighbours may
  // differ in together is then even too, and the fingerprints throw out most. Of the turns of that pattern it takes the
  // one whose own buckets are smallest.
  void choose_thresholds() {
    const int tables = static_cast<int>(shard_.tables), chunks = static_cast<int>(query_.cut.chunks);
    const int sum = static_cast<int>(radius_) - (chunks - 1) + (chunks - tables);
    const int base = sum >= 0 ? sum / tables : -((-sum + tables - 1) / tables);
    std::fill(std::begin(query_.allowed), std::end(query_.allowed), uint8_t{0});
    for (uint32_t t = 0; t < shard_.tables; ++t) query_.allowed[shard_.chunk_of(t)] = static_cast<uint8_t>(base + 1);
    const uint32_t extra = static_cast<uint32_t>(sum - base * tables);
    const uint32_t turn = extra > 0 ? least_crowded_turn(extra) : 0;
    for (uint32_t i = 0; i < extra; ++i) ++query_.allowed[shard_.chunk_of(spaced(turn, i, extra))];
  }
  uint32_t spaced(uint32_t turn, uint32_t i, uint32_t count) const {
    return (turn + i * shard_.tables / count) % shard_.tables;
  }
  uint32_t least_crowded_turn(uint32_t extra) const {
    uint64_t crowd[kChunks];
    for (uint32_t t = 0; t < shard_.tables; ++t) {
      const uint32_t* offset = shard_.table[t].offsets + query_.cut.value(query_.row, shard_.chunk_of(t));
      crowd[t] = offset[1] - offset[0];
    }
    uint64_t least = UINT64_MAX;
    uint32_t best = 0;
    for (uint32_t turn = 0; turn < shard_.tables; ++turn) {
      uint64_t all = 0;
      for (uint32_t i = 0; i < extra; ++i) all += crowd[spaced(turn, i, extra)];
      if (all < least) best = turn, least = all;
    }
    return best;
  }

  emp_status probe_table(uint32_t t) {
    const Cut cut = query_.cut;
    const uint32_t chunk = shard_.chunk_of(t), after = (chunk + 1) % cut.chunks;
    const int threshold = query_.allowed[chunk] - 1;
    if (threshold < 0) return EMP_OK;
    const Table& table = shard_.table[t];
    const MasksOf masks(cut.bits(chunk));
    const uint32_t value = cut.value(query_.row, chunk), count = masks.within[threshold + 1];
    const uint16_t next = cut.fingerprint(query_.row, chunk);
    for (uint32_t i = 0; i < std::min(count, kAhead); ++i) fetch(&table.offsets[value ^ masks.mask[i]]);
    int bits = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (i + kAhead < count) fetch(&table.offsets[value ^ masks.mask[i + kAhead]]);
      if (i == masks.within[bits + 1]) ++bits;
      const int most = query_.allowed[chunk] + query_.allowed[after] - 1 - bits;
      if (most < 0) break;
      const uint32_t at = value ^ masks.mask[i], from = table.offsets[at], to = table.offsets[at + 1];
      if (from == to) continue;
      // A file may be searched before it is verified: nothing in it is trusted to stay inside it.
      if (from > to || to > shard_.rows) return EMP_CORRUPT_FILE;
      probes_[probe_count_++] = {table.fingerprint, from, to, next, static_cast<uint16_t>(std::min(most, 16)), t};
      if (probe_count_ == kMostProbes) {
        const emp_status status = flush();
        if (status != EMP_OK) return status;
      }
    }
    return EMP_OK;
  }

  emp_status flush() {
    const uint32_t n = std::exchange(probe_count_, 0);
    for (uint32_t next = 0; next < n && rows_left_ > 0;) {
      if (cancel_.poll != nullptr && cancel_.poll(cancel_.context) != 0) return EMP_CANCELLED;
      const uint32_t found = kernel_.probe_buckets(probes_, n, &next, candidates_, kMostCandidates);
      const emp_status status = verify(found);
      if (status != EMP_OK) return status;
    }
    return EMP_OK;
  }

  emp_status verify(uint32_t n) {
    const auto fetch_row_number = [&](const Candidate& c) {
      const void* place = shard_.table[c.table].place(c.at);
      if (place != nullptr) fetch(place);
    };
    for (uint32_t i = 0; i < std::min(n, kAhead); ++i) fetch_row_number(candidates_[i]);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; ++i) {
      if (i + kAhead < n) fetch_row_number(candidates_[i + kAhead]);
      Candidate c = candidates_[i];
      c.at = shard_.table[c.table].row_at(c.at);
      if (c.at >= shard_.rows) return EMP_CORRUPT_FILE;
      candidates_[kept] = c;
      if (seen_.has(c.at)) continue;
      ++kept;
      // What follow_chains reads next.
      const Block& block = shard_.blocks[c.at / kBlockRows];
      const uint32_t word = short_ ? (shard_.chunk_of(c.table) + 2) % kChunks / 2 : 4, at = c.at % kBlockRows;
      fetch(word < 4 ? &block.column[word][at] : &block.rest[at][word - 4]);
    }
    kept = kernel_.follow_chains(shard_.blocks, query_, candidates_, kept);
    if (kept >= rows_left_) {
      rows_left_ = 0;
      return EMP_OK;
    }
    rows_left_ -= kept;
    kernel_.measure_rows(shard_.blocks, query_, candidates_, kept, measured_);
    uint32_t found = 0;
    for (uint32_t i = 0; i < kept; ++i) {
      const uint32_t row = candidates_[i].at, chunk = shard_.chunk_of(candidates_[i].table);
      const Measured& m = measured_[i];
      // A row is reported where its first chain begins. That may be at a later chunk, where it comes up again.
      if ((m.distance <= radius_ && m.first_chain > chunk) || seen_.has(row)) continue;
      seen_.put(row);
      if (m.distance > radius_ || m.first_chain < chunk) continue;
      rows_[found] = row;
      distances_[found++] = m.distance;
    }
    return sink_.take(sink_.context, rows_, distances_, found) ? EMP_OK : EMP_OUT_OF_MEMORY;
  }

  const Shard& shard_;
  const emp_kernel& kernel_;
  const uint32_t radius_;
  const emp_cancel& cancel_;
  const RowSink& sink_;
  uint64_t& rows_left_;
  const bool short_ = shard_.tables != kLongChunks;
  Query query_;
  SeenRows seen_;
  uint32_t probe_count_ = 0;
  Probe probes_[kMostProbes];
  Candidate candidates_[kMostCandidates];
  Measured measured_[kMostCandidates];
  uint32_t rows_[kMostCandidates];
  uint16_t distances_[kMostCandidates];
};

}  // namespace

emp_status multi_index_search(const Shard& shard, const emp_kernel& kernel, const Row& query, uint32_t radius,
                              uint32_t from, uint32_t to, const emp_cancel& cancel, const RowSink& sink,
                              uint64_t* rows_left) {
  if (shard.tables == 0 || radius > most_multi_index_radius(shard.tables)) return EMP_BAD_OPTION;
  return Search(shard, kernel, query, radius, cancel, sink, rows_left).run(from, to);
}

}  // namespace empreinte
