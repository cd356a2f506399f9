// The search engine against brute force: random additions, removals, replacements and maintenance, and after each of
// them every strategy on every kernel, at radii 0 … 256, in slices, with and without a limit and a filter; snapshots
// taken earlier answer as of then; a saved and opened copy answers alike.
//
//   engine <seed> <rounds> <steps a round; thrice as many of small changes>
//
// Prints each failure and a last line with their number.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "../../native/search/index/index.h"
#include "searching.h"

namespace {

int checks = 0, failures = 0, with_tables = 0, with_long = 0;
bool expect(bool good, const char* what) {
  ++checks;
  if (good) return true;
  ++failures;
  std::printf("FAIL %s\n", what);
  return false;
}

struct Entry {
  Hash hash;
  uint8_t tag;
};
using Entries = std::map<uint64_t, Entry>;

struct Snapshot {
  explicit Snapshot(emp_index* index) {
    if (emp_index_snapshot(index, &held) != EMP_OK) std::abort();
  }
  Snapshot(Snapshot&& other) noexcept : held(std::exchange(other.held, nullptr)) {}
  Snapshot& operator=(Snapshot&& other) noexcept {
    std::swap(held, other.held);
    return *this;
  }
  ~Snapshot() { emp_snapshot_release(held); }
  emp_snapshot* held = nullptr;
};

constexpr uint64_t kEntryLimit = uint64_t{1} << EMP_ENTRY_BITS;
uint64_t entry_of(uint64_t id) { return id % kEntryLimit; }

// What brute force finds, sorted by query, distance, entry, crop; an entry once, by its nearest row, unless crops are
// separate.
std::vector<emp_hit> wanted(const Entries& entries, const std::vector<Hash>& queries, const emp_search_options& o) {
  std::vector<emp_hit> hits;
  for (uint32_t q = 0; q < queries.size(); ++q) {
    const size_t first = hits.size();
    for (const auto& [id, entry] : entries) {
      const uint32_t distance = plain_distance(entry.hash, queries[q]);
      const bool in = o.filter == 0 || (o.tags[entry.tag / 64] >> entry.tag % 64 & 1) != 0;
      if (in && distance <= o.radius) hits.push_back({id, q, distance});
    }
    std::sort(hits.begin() + static_cast<ptrdiff_t>(first), hits.end(), [](const emp_hit& a, const emp_hit& b) {
      if (a.distance != b.distance) return a.distance < b.distance;
      return entry_of(a.id) != entry_of(b.id) ? entry_of(a.id) < entry_of(b.id) : a.id < b.id;
    });
    std::set<uint64_t> seen;
    if (o.separate_crops == 0)
      hits.erase(std::remove_if(hits.begin() + static_cast<ptrdiff_t>(first), hits.end(),
                                [&](const emp_hit& hit) { return !seen.insert(entry_of(hit.id)).second; }),
                 hits.end());
    if (o.limit > 0 && hits.size() - first > o.limit) hits.resize(first + o.limit);
  }
  return hits;
}

bool same(const std::vector<emp_hit>& a, const std::vector<emp_hit>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const emp_hit& x, const emp_hit& y) {
    return x.id == y.id && x.query == y.query && x.distance == y.distance;
  });
}

constexpr uint32_t kRadii[] = {0,  1,  7,  14, 15, 16, 20, 23, 30, 31,  32,  34,  35,  39,  40, 47,
                               48, 49, 55, 63, 64, 71, 79, 80, 96, 110, 127, 128, 160, 255, 256};
constexpr uint64_t kBudgets[] = {UINT64_MAX, 1, 5'000, 60'000, 1'000'000};

// What large parts are made of. Of short chunks up to so many rows, of long ones beyond: 2^24 would take a minute.
struct Kind {
  uint32_t tables, most_short, least_long;
};
constexpr Kind kKinds[] = {{16, 1 << 24, 1 << 25}, {8, 1 << 24, 1 << 25}, {16, 36'000, 45'000}, {0, 1 << 24, 1 << 25}};

class Round {
 public:
  // A small one has many parts without tables, and many changes of them.
  Round(uint64_t seed, const Kind& kind, bool small) : random_(seed), kind_(kind), small_(small) {
    if (emp_index_create(kind.tables, &index_) != EMP_OK) std::abort();
    set_part_sizes();
    for (Hash& hash : seeds_) hash = random_.hash();
  }
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;
  ~Round() { emp_index_destroy(index_); }

  void run(int steps) {
    check(Snapshot(index_), entries_);  // empty
    for (int step = 0; step < steps; ++step) {
      change(step);
      emp_index_stats stats;
      emp_index_get_stats(index_, &stats);
      expect(stats.rows == entries_.size(), "the number of rows");
      if (stats.indexed > 0) ++with_tables;
      if (largest_part() > kind_.most_short) ++with_long;
      const Snapshot now(index_);
      check(now, entries_);
      if (!kept_.empty()) {
        const auto& [snapshot, entries] = kept_[random_.below(kept_.size())];
        check(snapshot, entries);
      }
      if (random_.one_in(4)) keep();
      if (random_.one_in(5)) reopen(now);
    }
  }

 private:
  void change(int step) {
    if (small_) return change_shards();
    const uint64_t what = random_.below(11);
    // Where chunks grow long, the first two steps make one part of them.
    if (step == 0 && grows_long()) return add(kind_.least_long + random_.below(12'000));
    if (step == 1 && grows_long()) return maintain(UINT64_MAX);
    if (step == 0 || what == 0) return add(33'000 + random_.below(12'000));
    if (step == 1 || what < 3) return maintain();
    if (what < 4) return add(4'096 + random_.below(8'000));
    if (what < 5) return add(1 + random_.below(3'000));
    if (what < 6)
      for (int i = 0; i < 100; ++i) add(1);
    else if (what < 8)
      remove();
    else if (what < 10)
      replace();
    else
      for (int i = 0; i < 50; ++i) add_with_crops();
  }

  void change_shards() {
    const uint64_t what = random_.below(13);
    if (what < 4) return add(4'096 + random_.below(2'000));
    if (what < 6) return add(1 + random_.below(300));
    if (what < 8) return maintain();
    if (what < 9) return remove();
    if (what < 10) return remove_ends();
    if (what < 11) return replace();
    if (what < 12) return add_with_crops();
    if (random_.one_in(2)) return remove_all();
    expect(emp_index_flush(index_) == EMP_OK, "flush");
  }

  // Ids in any order, with gaps, before or behind all others, now and then far away, so that they need eight bytes.
  void add(size_t count) {
    if (random_.one_in(12)) next_id_ += uint64_t{1} << 40;
    const bool before = random_.one_in(3) && count < first_id_ / 4;
    if (before) first_id_ -= 4 * count;
    uint64_t low_id = first_id_;
    std::vector<uint64_t> ids(count);
    for (uint64_t& id : ids) id = (before ? low_id : next_id_) += 1 + random_.below(3);
    if (random_.one_in(2))
      for (size_t i = count; i-- > 1;) std::swap(ids[i], ids[random_.below(i + 1)]);
    std::vector<uint8_t> hashes, tags;
    const bool with_tags = !random_.one_in(3);
    for (uint64_t id : ids) {
      const Entry entry = {a_hash(), static_cast<uint8_t>(with_tags ? random_.below(4) * 85 : 0)};
      hashes.insert(hashes.end(), entry.hash.begin(), entry.hash.end());
      tags.push_back(entry.tag);
      entries_[id] = entry;
    }
    const uint8_t* given = with_tags ? tags.data() : nullptr;
    expect(emp_index_add(index_, ids.data(), hashes.data(), given, count) == EMP_OK, "add");
    // All or nothing: a new id and one that is there, of these the first or the largest.
    const uint64_t largest = *std::max_element(ids.begin(), ids.end()), pair[] = {next_id_ + 1, ids[0]};
    const uint64_t with_largest[] = {next_id_ + 1, largest}, twice[] = {next_id_ + 2, next_id_ + 2};
    const Hash two[] = {a_hash(), a_hash()};
    expect(emp_index_add(index_, pair, two[0].data(), nullptr, 2) == EMP_DUPLICATE_ID, "an id that is there");
    expect(emp_index_add(index_, with_largest, two[0].data(), nullptr, 2) == EMP_DUPLICATE_ID, "the largest id again");
    expect(emp_index_add(index_, twice, two[0].data(), nullptr, 2) == EMP_DUPLICATE_ID, "an id given twice");
    expect(emp_index_has(index_, pair[0]) == 0 && emp_index_has(index_, ids[0]) == 1, "which ids are there");
  }

  // A random hash, one near a seed, or the seed itself: duplicates.
  Hash a_hash() {
    const uint64_t kind = random_.below(4);
    return kind < 2 ? random_.hash() : random_.near(a_seed(), kind == 2 ? random_.below(41) : 0);
  }

  // An entry with crops, now and then as many as there may be, in any order.
  void add_with_crops() {
    const uint64_t entry = next_id_ += 1 + random_.below(3),
                   crops = random_.one_in(5) ? EMP_MOST_CROPS : random_.below(9);
    std::vector<uint64_t> ids;
    for (uint64_t crop = 0; crop <= crops; ++crop) ids.push_back(crop * kEntryLimit + entry);
    for (size_t i = ids.size(); i-- > 1;) std::swap(ids[i], ids[random_.below(i + 1)]);
    std::vector<uint8_t> hashes, tags;
    for (uint64_t id : ids) {
      entries_[id] = {a_hash(), static_cast<uint8_t>(random_.below(4) * 85)};
      hashes.insert(hashes.end(), entries_[id].hash.begin(), entries_[id].hash.end());
      tags.push_back(entries_[id].tag);
    }
    expect(emp_index_add(index_, ids.data(), hashes.data(), tags.data(), ids.size()) == EMP_OK, "add with crops");
    const uint64_t too_many = (EMP_MOST_CROPS + 1) * kEntryLimit + next_id_ + 1;
    expect(emp_index_add(index_, &too_many, hashes.data(), nullptr, 1) == EMP_BAD_OPTION, "the number of a crop");
    Hash hash;
    for (uint64_t id : ids)
      expect(emp_index_get(index_, id, hash.data()) == EMP_OK && hash == entries_[id].hash, "the hash of a crop");
    const uint64_t crop = kEntryLimit + entry;
    expect(emp_index_remove(index_, &crop, 1) == EMP_UNKNOWN_ID, "a crop by itself");
  }

  // Forgets an entry with its crops.
  void forget(uint64_t entry) {
    for (uint64_t crop = 0; entries_.erase(crop * kEntryLimit + entry) > 0;) ++crop;
  }

  Entries::iterator first_crop() { return entries_.lower_bound(kEntryLimit); }

  uint64_t some_id() {
    const uint64_t least = entries_.begin()->first, most = std::prev(first_crop())->first;
    const auto it = entries_.lower_bound(least + random_.below(random_.one_in(2) ? most - least + 1 : 50'000));
    return it != entries_.end() && it->first < kEntryLimit ? it->first : least;
  }

  // The first rows of parts, and the last.
  void remove_ends() {
    for (uint64_t n = 1 + random_.below(20); n > 0 && entries_.size() > 1; --n) {
      const uint64_t id = (random_.one_in(2) ? entries_.begin() : std::prev(first_crop()))->first;
      forget(id);
      expect(emp_index_remove(index_, &id, 1) == EMP_OK, "remove the first or last");
    }
  }

  void remove_all() {
    std::vector<uint64_t> ids;
    for (const auto& [id, entry] : entries_)
      if (id < kEntryLimit) ids.push_back(id);
    expect(emp_index_remove(index_, ids.data(), ids.size()) == EMP_OK, "remove all");
    entries_.clear();
  }

  void remove() {
    if (entries_.size() < 10) return;
    std::vector<uint64_t> ids;
    const size_t count = random_.one_in(2) ? 1 : 1 + random_.below(entries_.size() / 3);
    for (size_t i = 0; i < count && !entries_.empty(); ++i) {
      ids.push_back(some_id());
      forget(ids.back());
    }
    std::vector<uint64_t> one_too_many = ids;
    one_too_many.push_back(next_id_ + 7);
    const auto refused = emp_index_remove(index_, one_too_many.data(), one_too_many.size());
    expect(refused == EMP_UNKNOWN_ID && emp_index_has(index_, ids[0]) == 1, "an unknown id among those to remove");
    expect(emp_index_remove(index_, ids.data(), ids.size()) == EMP_OK, "remove");
    expect(emp_index_remove(index_, ids.data(), 1) == EMP_UNKNOWN_ID, "removed twice");
    if (!random_.one_in(3)) return;
    // The id may be used again.
    entries_[ids[0]] = {a_hash(), 0};
    expect(emp_index_add(index_, ids.data(), entries_[ids[0]].hash.data(), nullptr, 1) == EMP_OK, "add a removed id");
  }

  void replace() {
    for (int i = 0; i < 60 && !entries_.empty(); ++i) {
      const uint64_t id = some_id();
      forget(id);
      entries_[id] = {a_hash(), static_cast<uint8_t>(random_.below(4) * 85)};
      const Entry& entry = entries_[id];
      expect(emp_index_replace(index_, id, entry.hash.data(), entry.tag) == EMP_OK, "replace");
    }
    const uint64_t unknown = next_id_ + 9;
    expect(emp_index_replace(index_, unknown, seeds_[0].data(), 0) == EMP_UNKNOWN_ID, "replace an unknown id");
  }

  void set_part_sizes() { index_->sizes = {kind_.most_short, kind_.least_long}; }

  bool grows_long() const { return kind_.least_long <= 45'000; }

  uint32_t largest_part() const {
    uint32_t most = 0;
    for (uint32_t i = 0; i < index_->version->shard_count; ++i)
      most = std::max(most, index_->version->shards[i].shard->rows);
    return most;
  }

  // Without room, or with too little of it, no part grows beyond short chunks.
  void maintain() { maintain(random_.one_in(2) ? random_.below(2) * 1'000'000 : UINT64_MAX); }

  void maintain(uint64_t room) {
    const uint32_t before = largest_part();
    for (int more = 1; more != 0;)
      if (!expect(emp_index_maintain(index_, room, nullptr, &more) == EMP_OK, "maintain")) return;
    const uint32_t after = largest_part();
    expect(after <= std::max(before, kind_.most_short) || (room == UINT64_MAX && after >= kind_.least_long),
           "the size of the largest part");
  }

  void keep() {
    if (kept_.size() == 3) kept_.erase(kept_.begin() + static_cast<ptrdiff_t>(random_.below(3)));
    kept_.emplace_back(Snapshot(index_), entries_);
  }

  void reopen(const Snapshot& now) {
    std::vector<uint8_t> bytes;
    if (!expect(save_bytes(now.held, &bytes) == EMP_OK, "save")) return;
    check_records(bytes);
    emp_index* opened;
    if (!expect(open_bytes(bytes, &opened) == EMP_OK, "open")) return;
    expect(emp_index_verify(opened, nullptr) == EMP_OK, "verify");
    expect(emp_index_warm(opened, nullptr) == EMP_OK, "warm");
    check(Snapshot(opened), entries_);
    if (random_.one_in(2)) return emp_index_destroy(opened);
    // Go on with the opened one; snapshots of the other live on.
    kept_.emplace_back(Snapshot(opened), entries_);
    emp_index_destroy(std::exchange(index_, opened));
    set_part_sizes();
  }

  // FORMAT.md: 64 bytes a part behind a header of 64; at 24 the smallest id, which must not be that of a removed row.
  void check_records(const std::vector<uint8_t>& bytes) {
    uint32_t shards;
    std::memcpy(&shards, &bytes[32], 4);
    for (size_t i = 0; i < shards; ++i) {
      uint64_t first_id;
      std::memcpy(&first_id, &bytes[64 + 64 * i + 24], 8);
      expect(entries_.count(first_id) == 1, "the smallest id in a file is there");
    }
  }

  // Every strategy on every kernel, in slices of another size each time.
  void check(const Snapshot& snapshot, const Entries& entries) {
    emp_search_options o = {};
    o.radius = kRadii[random_.below(std::size(kRadii))];
    o.filter = random_.one_in(2) ? 1 : 0;
    o.separate_crops = random_.one_in(3) ? 1 : 0;
    for (uint64_t& bits : o.tags) bits = random_();
    const uint32_t limit = random_.one_in(8) ? 1'000'000 : 1 + static_cast<uint32_t>(random_.below(40));
    std::vector<Hash> queries(o.radius > 96 ? 1 + random_.below(2) : 1 + random_.below(14));
    for (Hash& query : queries) query = random_.one_in(2) ? random_.hash() : random_.near(a_seed(), random_.below(25));
    const std::vector<emp_hit> all = wanted(entries, queries, o);
    o.limit = limit;
    const std::vector<emp_hit> nearest = wanted(entries, queries, o);
    for (size_t k = 0; k < emp_kernel_count(); ++k) {
      o.kernel = emp_kernel_at(k);
      if (emp_kernel_supported(o.kernel) == 0) continue;
      for (int strategy = EMP_STRATEGY_AUTO; strategy <= EMP_STRATEGY_MULTI_INDEX; ++strategy) {
        o.strategy = static_cast<emp_search_strategy>(strategy);
        const uint64_t budget = kBudgets[random_.below(std::size(kBudgets))];
        o.limit = 0;
        tell(compare(snapshot, queries, o, false, budget, all), "radius", o, budget);
        o.limit = limit;
        tell(compare(snapshot, queries, o, false, budget, nearest), "radius with a limit", o, budget);
        tell(compare(snapshot, queries, o, true, budget, nearest), "nearest", o, budget);
      }
    }
  }

  static bool compare(const Snapshot& snapshot, const std::vector<Hash>& queries, const emp_search_options& o,
                      bool nearest, uint64_t budget, const std::vector<emp_hit>& hits) {
    const Found found = search(snapshot.held, queries, o, nearest, budget);
    return found.status == EMP_OK && same(found.hits, hits);
  }

  void tell(bool good, const char* what, const emp_search_options& o, uint64_t budget) {
    if (expect(good, what)) return;
    std::printf("  tables %u up to %u, strategy %d, kernel %s, radius %u, limit %u, filter %d, budget %llu\n",
                kind_.tables, kind_.most_short, o.strategy, emp_kernel_name(o.kernel), o.radius, o.limit, o.filter,
                static_cast<unsigned long long>(budget));
  }

  const Hash& a_seed() { return seeds_[random_.below(seeds_.size())]; }

  Random random_;
  const Kind kind_;
  const bool small_;
  emp_index* index_ = nullptr;
  std::array<Hash, 50> seeds_;
  Entries entries_;
  uint64_t next_id_ = uint64_t{1} << 32, first_id_ = next_id_;
  std::vector<std::pair<Snapshot, Entries>> kept_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const uint64_t seed = std::strtoull(argv[1], nullptr, 10);
  const int rounds = std::atoi(argv[2]), steps = std::atoi(argv[3]);
  for (int i = 0; i < rounds; ++i) {
    const uint64_t round = seed + static_cast<uint64_t>(i);
    const Kind& kind = kKinds[static_cast<size_t>(i) % std::size(kKinds)];
    Round(round, kind, false).run(steps);
    Round(round, kind, true).run(3 * steps);
  }
  std::printf("%d checks, %d states with tables, %d with long chunks, %d failures\n", checks, with_tables, with_long,
              failures);
  return failures == 0 ? 0 : 1;
}
