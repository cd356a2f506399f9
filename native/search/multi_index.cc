#include "multi_index.h"

#include <algorithm>
#include <array>

namespace empreinte {
namespace {

constexpr int kMostThreshold = 4;
constexpr uint32_t kWithin[kMostThreshold + 2] = {0, 1, 17, 137, 697, 2517};  // masks of at most t − 1 bits

// All masks of 16 bits with at most four set, fewest first: each is one of a bit less with a bit above its highest.
constexpr std::array<uint16_t, kWithin[kMostThreshold + 1]> kMasks = [] {
  std::array<uint16_t, kWithin[kMostThreshold + 1]> masks{};
  size_t n = 1;
  for (int bits = 1; bits <= kMostThreshold; ++bits)
    for (uint32_t i = kWithin[bits - 1]; i < kWithin[bits]; ++i)
      for (uint32_t bit = 1; bit < 65536; bit *= 2)
        if (bit > masks[i]) masks[n++] = static_cast<uint16_t>(masks[i] | bit);
  return masks;
}();

inline void fetch(const void* p) {
#if defined(__GNUC__)
  __builtin_prefetch(p);
#else
  (void)p;
#endif
}

class Search {
 public:
  Search(const Segment& segment, const emp_kernel& kernel, const Row& query, uint32_t radius, const emp_cancel& cancel,
         const RowSink& sink)
      : segment_(segment), kernel_(kernel), query_(query), radius_(radius), cancel_(cancel), sink_(sink) {
    choose_thresholds();
  }

  emp_status run() {
    for (uint32_t t = 0; t < segment_.tables; ++t) {
      const emp_status status = probe_table(t);
      if (status != EMP_OK) return status;
    }
    return flush();
  }

 private:
  static constexpr uint32_t kMostProbes = 1024, kMostCandidates = 4096, kAhead = 32;

  // Even thresholds; those left over go to the chunks whose own bucket is smallest.
  void choose_thresholds() {
    const int tables = static_cast<int>(segment_.tables);
    const int sum = static_cast<int>(radius_) - 15 + (static_cast<int>(kChunks) - tables);
    const int base = sum >= 0 ? sum / tables : -((-sum + tables - 1) / tables);
    int extra = sum - base * tables;
    std::fill(std::begin(threshold_), std::end(threshold_), -1);
    uint32_t order[kChunks];
    for (uint32_t t = 0; t < segment_.tables; ++t) order[t] = t;
    const auto crowd = [&](uint32_t t) {
      const uint32_t value = query_.chunk(segment_.chunk_of(t));
      return segment_.table[t].offsets[value + 1] - segment_.table[t].offsets[value];
    };
    if (extra > 0) std::sort(order, order + tables, [&](uint32_t a, uint32_t b) { return crowd(a) < crowd(b); });
    for (int i = 0; i < tables; ++i)
      threshold_[segment_.chunk_of(order[i])] = std::max(base + (extra-- > 0 ? 1 : 0), -1);
  }

  int ring(uint32_t chunk) const { return threshold_[chunk] + threshold_[(chunk + 1) % kChunks] + 1; }

  emp_status probe_table(uint32_t t) {
    const uint32_t chunk = segment_.chunk_of(t);
    const int threshold = threshold_[chunk];
    if (threshold < 0) return EMP_OK;
    const Table& table = segment_.table[t];
    const uint32_t value = query_.chunk(chunk), count = kWithin[threshold + 1];
    const uint16_t next = static_cast<uint16_t>(query_.chunk((chunk + 1) % kChunks));
    for (uint32_t i = 0; i < std::min(count, kAhead); ++i) fetch(&table.offsets[value ^ kMasks[i]]);
    int bits = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (i + kAhead < count) fetch(&table.offsets[value ^ kMasks[i + kAhead]]);
      if (i == kWithin[bits + 1]) ++bits;
      const int most = ring(chunk) - bits;
      if (most < 0) break;
      const uint32_t at = value ^ kMasks[i], from = table.offsets[at], to = table.offsets[at + 1];
      if (from == to) continue;
      // A file may be searched before it is verified: nothing in it is trusted to stay inside it.
      if (from > to || to > segment_.rows) return EMP_CORRUPT_FILE;
      probes_[probe_count_++] = {table.fingerprint, from, to, next, static_cast<uint16_t>(std::min(most, 16)), t};
      if (probe_count_ == kMostProbes) {
        const emp_status status = flush();
        if (status != EMP_OK) return status;
      }
    }
    return EMP_OK;
  }

  emp_status flush() {
    if (cancel_.poll != nullptr && cancel_.poll(cancel_.context) != 0) return EMP_CANCELLED;
    const uint32_t n = std::exchange(probe_count_, 0);
    return look_through(probes_, n);
  }

  // Halves the work until its candidates fit.
  emp_status look_through(const Probe* probes, uint32_t n) {
    const uint32_t found = kernel_.probe_buckets(probes, n, candidates_, kMostCandidates);
    if (found <= kMostCandidates) return verify(found);
    if (n > 1) {
      const emp_status status = look_through(probes, n / 2);
      return status == EMP_OK ? look_through(probes + n / 2, n - n / 2) : status;
    }
    Probe part = probes[0];
    for (const uint32_t end = part.to; part.from < end; part.from = part.to) {
      part.to = std::min(part.from + kMostCandidates, end);
      if (cancel_.poll != nullptr && cancel_.poll(cancel_.context) != 0) return EMP_CANCELLED;
      const emp_status status = look_through(&part, 1);
      if (status != EMP_OK) return status;
    }
    return EMP_OK;
  }

  emp_status verify(uint32_t n) {
    for (uint32_t i = 0; i < n; ++i)
      fetch(segment_.table[candidates_[i].table].row + size_t{3} * candidates_[i].posting);
    for (uint32_t i = 0; i < n; ++i) {
      const uint32_t row = segment_.table[candidates_[i].table].row_at(candidates_[i].posting);
      if (row >= segment_.rows) return EMP_CORRUPT_FILE;
      candidates_[i].posting = row;
      fetch(&segment_.blocks[row / kBlockRows].rest[row % kBlockRows]);
    }
    for (uint32_t i = 0; i < n; ++i) {
      const uint32_t number = candidates_[i].posting;
      const uint32_t* rest = segment_.blocks[number / kBlockRows].rest[number % kBlockRows];
      uint32_t distance = 0;
      for (uint32_t c = 0; c < 4; ++c) distance += bit_count(rest[c] ^ query_.word[4 + c]);
      if (distance > radius_) continue;
      const Row row = segment_.row(number);
      for (uint32_t c = 0; c < 4; ++c) distance += bit_count(row.word[c] ^ query_.word[c]);
      if (distance > radius_ || !first_at(row, segment_.chunk_of(candidates_[i].table))) continue;
      if (!sink_.take(sink_.context, number, distance)) return EMP_OUT_OF_MEMORY;
    }
    return EMP_OK;
  }

  bool first_at(const Row& row, uint32_t chunk) const {
    for (uint32_t t = 0; segment_.chunk_of(t) < chunk; ++t) {
      const uint32_t k = segment_.chunk_of(t), after = (k + 1) % kChunks;
      const int here = static_cast<int>(bit_count(row.chunk(k) ^ query_.chunk(k)));
      if (here > threshold_[k]) continue;
      if (here + static_cast<int>(bit_count(row.chunk(after) ^ query_.chunk(after))) <= ring(k)) return false;
    }
    return true;
  }

  const Segment& segment_;
  const emp_kernel& kernel_;
  const Row& query_;
  const uint32_t radius_;
  const emp_cancel& cancel_;
  const RowSink& sink_;
  int threshold_[kChunks];
  uint32_t probe_count_ = 0;
  Probe probes_[kMostProbes];
  Candidate candidates_[kMostCandidates];
};

}  // namespace

emp_status multi_index_search(const Segment& segment, const emp_kernel& kernel, const Row& query, uint32_t radius,
                              const emp_cancel& cancel, const RowSink& sink) {
  if (segment.tables == 0 || radius > most_multi_index_radius(segment.tables)) return EMP_BAD_OPTION;
  return Search(segment, kernel, query, radius, cancel, sink).run();
}

}  // namespace empreinte
