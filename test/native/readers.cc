// Readers beside a writer and the maintenance, for a while; built with the thread sanitizer by core.test.ts.
//
//   readers <seconds>
//
// The state of each id, with every hash it ever has, is known: the writer notes it before and after each change, a
// reader before it takes its snapshot and after. So of some entries the reader knows that they must be found, of others
// that they must not:
//
//   there throughout: found once, with the hash it had or, when it was replaced meanwhile, with one of those;
//   removed before the snapshot, and not added again until after it: never.
//
// Prints each failure and a last line with their number.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "searching.h"

namespace {

constexpr uint64_t kIds = 120'000, kCentres = kIds / 64;
constexpr uint32_t kRadius = 31;

// How often the id was removed and is to be added again (its life), how often its hash was replaced in this life, and:
enum Kind : uint32_t { kAbsent = 0, kComing, kThere, kGoing };
struct State {
  uint32_t life, change;
  Kind kind;
  static constexpr uint32_t kMostChanges = 255;
  uint32_t packed() const { return life << 10 | change << 2 | kind; }
  static State of(uint32_t packed) { return {packed >> 10, packed >> 2 & 255, static_cast<Kind>(packed & 3)}; }
};
std::atomic<uint32_t> states[kIds];
State state_of(uint64_t id) { return State::of(states[id].load()); }
void note(uint64_t id, const State& state) { states[id].store(state.packed()); }

std::atomic<bool> stopping{false};
std::atomic<int> failures{0};
std::atomic<uint64_t> searches{0}, changes{0}, steps{0};

void fail(const char* what, uint64_t id = 0, const State& before = {}, const State& after = {}) {
  if (failures.fetch_add(1) < 20)
    std::printf("FAIL %s: id %llu, life %u.%u.%u before and %u.%u.%u after\n", what,
                static_cast<unsigned long long>(id), before.life, before.change, before.kind, after.life, after.change,
                after.kind);
}
void must(emp_status status) {
  if (status != EMP_OK) fail(emp_status_message(status));
}

// 64 ids share a centre, so that a search finds several.
Hash hash_of(uint64_t id, uint32_t life, uint32_t change) {
  return Random(kIds + id * 1024 + life % 4 * 256 + change).near(Random(id % kCentres).hash(), 20);
}

void run_writer(emp_index* index) {
  Random random(1);
  const auto add = [&](uint64_t first, uint64_t count) {
    std::vector<uint64_t> ids;
    std::vector<uint8_t> hashes;
    for (uint64_t id = first; id < std::min(first + count, kIds); ++id) {
      State state = state_of(id);
      if (state.kind != kAbsent) continue;
      const Hash hash = hash_of(id, state.life, 0);
      hashes.insert(hashes.end(), hash.begin(), hash.end());
      ids.push_back(id);
      note(id, {state.life, 0, kComing});
    }
    must(emp_index_add(index, ids.data(), hashes.data(), nullptr, ids.size()));
    for (const uint64_t id : ids) note(id, {state_of(id).life, 0, kThere});
  };
  add(0, kIds / 2);
  while (!stopping) {
    changes.fetch_add(1);
    const uint64_t id = random.below(kIds), what = random.below(1000);
    State state = state_of(id);
    if (what < 2) {
      add(id, 12'000);  // a part of its own
    } else if (what < 10) {
      add(id, 100);
    } else if (state.kind == kAbsent) {
      add(id, 1);
    } else if (what < 600) {
      note(id, {state.life, state.change, kGoing});
      must(emp_index_remove(index, &id, 1));
      note(id, {state.life + 1, 0, kAbsent});
    } else if (state.change < State::kMostChanges) {
      ++state.change;
      const Hash hash = hash_of(id, state.life, state.change);
      note(id, {state.life, state.change, kComing});
      must(emp_index_replace(index, id, hash.data(), 0));
      note(id, {state.life, state.change, kThere});
    }
  }
}

void run_maintenance(emp_index* index) {
  while (!stopping) {
    int more = 0;
    must(emp_index_maintain(index, UINT64_MAX, nullptr, &more));
    steps.fetch_add(1);
    if (more == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

struct Seen {
  State before, after;
  int found = 0;
  uint32_t distance = 0;
};

void check(uint64_t id, const Seen& seen, const Hash& query) {
  const auto& [before, after, found, distance] = seen;
  if (found > 1) fail("found twice", id, before, after);
  if (before.life != after.life) return;
  if (before.kind == kAbsent && after.kind == kAbsent && found > 0) fail("not there, and found", id, before, after);
  if (before.kind == kThere && after.kind != kGoing && found == 0) fail("there, and not found", id, before, after);
  bool known = found == 0;
  // kComing with a change: it still has the hash before that.
  const uint32_t first = before.kind == kComing && before.change > 0 ? before.change - 1 : before.change;
  for (uint32_t change = first; change <= after.change; ++change)
    known |= distance == plain_distance(hash_of(id, before.life, change), query);
  if (!known) fail("with a hash it did not have", id, before, after);
}

void run_reader(emp_index* index, uint64_t seed) {
  Random random(seed);
  while (!stopping) {
    const uint64_t centre = random.below(kCentres);
    const std::vector<Hash> queries = {Random(centre).hash()};
    emp_search_options o = {};
    o.radius = kRadius;
    o.strategy = static_cast<emp_search_strategy>(random.below(EMP_STRATEGY_MULTI_INDEX + 1));
    std::vector<Seen> seen;
    for (uint64_t id = centre; id < kIds; id += kCentres) seen.push_back({state_of(id), {}});
    emp_snapshot* snapshot;
    if (emp_index_snapshot(index, &snapshot) != EMP_OK) std::abort();
    // What happens after the snapshot must not show, however long the search takes: half of them are searched after it.
    const bool at_once = random.one_in(2);
    const auto search_again = [&] {
      for (size_t i = 0; i < seen.size(); ++i) seen[i].after = state_of(centre + i * kCentres);
    };
    if (at_once) search_again();
    const Found found = search(snapshot, queries, o, random.one_in(2) && (o.limit = 1000) > 0, 100'000);
    if (!at_once) search_again();
    emp_snapshot_release(snapshot);
    must(found.status);
    for (const emp_hit& hit : found.hits) {
      if (hit.id >= kIds || hit.id % kCentres != centre) {
        fail("a stranger", hit.id);
        continue;
      }
      Seen& entry = seen[hit.id / kCentres];
      ++entry.found;
      entry.distance = hit.distance;
    }
    for (size_t i = 0; i < seen.size(); ++i) check(centre + i * kCentres, seen[i], queries[0]);
    searches.fetch_add(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  emp_index* index;
  if (emp_index_create(16, &index) != EMP_OK) return 2;
  std::thread threads[] = {std::thread(run_writer, index), std::thread(run_maintenance, index),
                           std::thread(run_reader, index, 11), std::thread(run_reader, index, 12)};
  std::this_thread::sleep_for(std::chrono::milliseconds(static_cast<int>(1000 * std::atof(argv[1]))));
  stopping = true;
  for (std::thread& thread : threads) thread.join();
  emp_index_stats stats;
  emp_index_get_stats(index, &stats);
  emp_index_destroy(index);
  const bool worked = searches > 0 && changes > 0 && steps > 0 && stats.indexed > 0;
  if (!worked) fail("nothing was searched, changed, joined or given tables");
  std::printf("%llu searches, %llu changes, %llu steps of maintenance, %d failures\n",
              static_cast<unsigned long long>(searches), static_cast<unsigned long long>(changes),
              static_cast<unsigned long long>(steps), failures.load());
  return failures == 0 ? 0 : 1;
}
