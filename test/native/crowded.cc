// The search engine where rows crowd: a segment of several hundred thousand, two in three of them around three hashes,
// so that one query looks at many rows and many of them answer; and many queries at once. Every strategy on every
// kernel against brute force. engine.cc has the variety, this the numbers it has not.
//
//   crowded <seed> <rows>
//
// Prints each failure and a last line with their number.
#include <algorithm>

#include "searching.h"

namespace {

int checks = 0, failures = 0;
void expect(bool good, const char* what, uint32_t tables, const emp_search_options& o) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s: tables %u, strategy %d, kernel %s, radius %u, limit %u\n", what, tables, o.strategy,
              emp_kernel_name(o.kernel), o.radius, o.limit);
}

struct Data {
  std::vector<uint64_t> ids;
  std::vector<Hash> hashes;
  std::array<Hash, 3> centres;
};

constexpr uint32_t kRadii[] = {0, 15, 31, 39, 47, 79};

Hash at_distance(Random* random, Hash hash, uint32_t distance) {
  const Hash from = hash;
  for (uint32_t bits = 0; bits < distance; bits = plain_distance(from, hash)) hash = random->near(hash, 1);
  return hash;
}

Data made(uint64_t seed, size_t rows) {
  Random random(seed);
  Data data;
  for (Hash& centre : data.centres) centre = random.hash();
  for (size_t i = 0; i < rows; ++i) {
    const Hash& centre = data.centres[random.below(3)];
    // Up to 2^53, so that sorting by id goes through all its bits.
    data.ids.push_back(i << 33 | random.below(1u << 20));
    // A sixth is exactly at a radius of the queries: what barely belongs, and needs every step to say so.
    if (random.one_in(6)) {
      data.hashes.push_back(at_distance(&random, data.centres[0], kRadii[1 + random.below(4)]));
      continue;
    }
    // At most six bits, or far enough to be missed within some radii; the others anywhere.
    data.hashes.push_back(random.one_in(3) ? random.hash()
                                           : random.near(centre, random.below(random.one_in(9) ? 90 : 7)));
  }
  return data;
}

std::vector<emp_hit> wanted(const Data& data, const std::vector<Hash>& queries, uint32_t radius, uint32_t limit) {
  std::vector<emp_hit> hits;
  for (uint32_t q = 0; q < queries.size(); ++q) {
    const auto first = static_cast<ptrdiff_t>(hits.size());
    for (size_t i = 0; i < data.ids.size(); ++i) {
      const uint32_t distance = plain_distance(data.hashes[i], queries[q]);
      if (distance <= radius) hits.push_back({data.ids[i], q, distance});
    }
    std::sort(hits.begin() + first, hits.end(), [](const emp_hit& a, const emp_hit& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
    });
    if (limit > 0 && hits.size() - static_cast<size_t>(first) > limit) hits.resize(static_cast<size_t>(first) + limit);
  }
  return hits;
}

bool same(const Found& found, const std::vector<emp_hit>& hits) {
  return found.status == EMP_OK && std::equal(found.hits.begin(), found.hits.end(), hits.begin(), hits.end(),
                                              [](const emp_hit& a, const emp_hit& b) {
                                                return a.id == b.id && a.query == b.query && a.distance == b.distance;
                                              });
}

template <class F>
void each_kernel_and_strategy(emp_search_options* o, F&& run) {
  for (size_t k = 0; k < emp_kernel_count(); ++k) {
    o->kernel = emp_kernel_at(k);
    if (emp_kernel_supported(o->kernel) == 0) continue;
    for (int strategy = EMP_STRATEGY_AUTO; strategy <= EMP_STRATEGY_MULTI_INDEX; ++strategy) {
      o->strategy = static_cast<emp_search_strategy>(strategy);
      run();
    }
  }
}

void crowded_queries(const emp_snapshot* snapshot, const Data& data, uint32_t tables) {
  // Two centres, one row in the midst of the first's, and one that differs from it in a bit of every chunk (one of each
  // in its last 16 bits): its own buckets are empty, those beside them are not.
  Hash beside = data.centres[0];
  beside[30] ^= 0xff;
  beside[31] ^= 0xff;
  const std::vector<Hash> queries = {data.centres[0], data.centres[1], Random(7).near(data.centres[0], 12), beside};
  const std::vector<Hash> one(queries.begin(), queries.begin() + 1);
  for (const uint32_t radius : kRadii) {
    if ((tables == 8 && radius > 39) || (tables == 13 && radius > 64)) continue;
    const std::vector<emp_hit> all = wanted(data, queries, radius, 0), first = wanted(data, one, radius, 1500);
    const std::vector<emp_hit> few = wanted(data, queries, radius, 20);
    emp_search_options o = {};
    o.radius = radius;
    each_kernel_and_strategy(&o, [&] {
      o.limit = 0;
      expect(same(search(snapshot, queries, o, false, UINT64_MAX), all), "crowded", tables, o);
      expect(same(search(snapshot, queries, o, false, 300'000), all), "crowded, in slices", tables, o);
      o.limit = 20;
      expect(same(search(snapshot, queries, o, false, UINT64_MAX), few), "the first of a crowd", tables, o);
      o.limit = 1500;
      expect(same(search(snapshot, one, o, true, 300'000), first), "the nearest of a crowd", tables, o);
    });
  }
}

// More queries than sorting takes in one turn, and than one slice of a tile.
void many_queries(const emp_snapshot* snapshot, const Data& data, uint32_t tables) {
  Random random(9);
  std::vector<Hash> queries;
  for (size_t i = 0; i < 5000; ++i)
    queries.push_back(random.one_in(4) ? data.hashes[random.below(900)] : random.hash());
  emp_search_options o = {};
  o.radius = 3;
  o.limit = 6;
  const std::vector<emp_hit> hits = wanted(data, queries, o.radius, o.limit);
  each_kernel_and_strategy(
      &o, [&] { expect(same(search(snapshot, queries, o, false, 2'000'000), hits), "many queries", tables, o); });
}

emp_index* filled(const Data& data, uint32_t tables, size_t rows) {
  emp_index* index;
  if (emp_index_create(tables, &index) != EMP_OK ||
      emp_index_add(index, data.ids.data(), data.hashes[0].data(), nullptr, rows) != EMP_OK)
    std::abort();
  for (int more = 1; more != 0;)
    if (emp_index_maintain(index, 0, nullptr, &more) != EMP_OK) std::abort();
  return index;
}

template <class F>
void with_snapshot(emp_index* index, F&& run) {
  emp_snapshot* snapshot;
  if (emp_index_snapshot(index, &snapshot) != EMP_OK) std::abort();
  run(snapshot);
  emp_snapshot_release(snapshot);
  emp_index_destroy(index);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const Data data = made(std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10));
  Data less = data;
  less.ids.resize(std::min<size_t>(less.ids.size(), 3000));
  less.hashes.resize(less.ids.size());
  for (const uint32_t tables : {16u, 8u, 13u}) {
    with_snapshot(filled(data, tables, data.ids.size()),
                  [&](const emp_snapshot* snapshot) { crowded_queries(snapshot, data, tables); });
  }
  with_snapshot(filled(less, 16, less.ids.size()),
                [&](const emp_snapshot* snapshot) { many_queries(snapshot, less, 16); });
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
