// Crossovers decide what a search costs and nothing else: every search agrees with brute force, whatever is set, also
// while another thread sets others. What cannot be set leaves them as they were.
//
//   crossovers <seed> <rows>
//
// Prints each failure and a last line with their number.
#include <algorithm>
#include <atomic>
#include <thread>

#include "searching.h"

namespace {

int checks = 0, failures = 0;
void expect(bool good, const char* what) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s\n", what);
}

constexpr uint32_t kNever = UINT32_MAX;

uint64_t cost(const emp_snapshot* snapshot, const std::vector<Hash>& queries, uint32_t radius) {
  emp_search_options o = {};
  o.radius = radius;
  emp_searcher* searcher;
  if (emp_searcher_create(snapshot, queries[0].data(), queries.size(), &o, 0, &searcher) != EMP_OK) std::abort();
  const uint64_t rows = emp_searcher_cost(searcher);
  emp_searcher_destroy(searcher);
  return rows;
}

bool set(const std::vector<emp_crossover>& list) { return emp_crossovers_set(list.data(), list.size()) == EMP_OK; }

struct Data {
  std::vector<uint64_t> ids;
  std::vector<Hash> hashes, queries;
};

bool agrees(const emp_snapshot* snapshot, const Data& data, uint32_t radius) {
  emp_search_options o = {};
  o.radius = radius;
  const Found found = search(snapshot, data.queries, o);
  std::vector<emp_hit> hits;
  for (uint32_t q = 0; q < data.queries.size(); ++q) {
    const auto first = static_cast<ptrdiff_t>(hits.size());
    for (size_t i = 0; i < data.ids.size(); ++i) {
      const uint32_t distance = plain_distance(data.hashes[i], data.queries[q]);
      if (distance <= radius) hits.push_back({data.ids[i], q, distance});
    }
    std::sort(hits.begin() + first, hits.end(), [](const emp_hit& a, const emp_hit& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
    });
  }
  return found.status == EMP_OK &&
         std::equal(hits.begin(), hits.end(), found.hits.begin(), found.hits.end(),
                    [](const emp_hit& a, const emp_hit& b) { return a.id == b.id && a.query == b.query; });
}

void costs(const emp_snapshot* snapshot, const Data& data) {
  const std::vector<Hash>& many = data.queries;
  const std::vector<Hash> one(many.begin(), many.begin() + 1), seven(many.begin(), many.begin() + 7);
  const uint64_t rows = data.ids.size(), tables = cost(snapshot, one, 31);
  expect(tables != rows, "the built-in crossovers use tables");
  expect(set({{31, kNever, 1}}), "a crossover for batches");
  expect(cost(snapshot, one, 31) == rows, "one query scans");
  expect(cost(snapshot, seven, 31) == 7 * rows, "seven queries are no batch, and scan");
  expect(cost(snapshot, many, 31) == many.size() * tables, "a batch uses tables");
  expect(set({{31, 1, kNever}}), "a crossover for one query");
  expect(cost(snapshot, one, 31) == tables, "one query uses tables");
  expect(cost(snapshot, many, 31) == many.size() * rows, "a batch scans");
  expect(cost(snapshot, one, 32) == rows, "beyond the last radius it scans");
  const uint32_t n = static_cast<uint32_t>(rows);
  expect(set({{30, n + 1, n + 1}, {31, n, n}}), "crossovers at the number of rows");
  expect(cost(snapshot, one, 30) == rows && cost(snapshot, one, 31) == tables, "each radius has its own");
  const std::vector<emp_crossover> bad[] = {
      {{257, 1, 1}}, {{31, 1, 1}, {31, 1, 1}}, {{31, 1, 1}, {30, 1, 1}}, std::vector<emp_crossover>(17)};
  for (const auto& list : bad) expect(!set(list), "what cannot be set");
  expect(cost(snapshot, one, 30) == rows && cost(snapshot, one, 31) == tables, "they stay as they were");
  std::vector<emp_crossover> most;
  for (uint32_t radius = 0; radius < EMP_MOST_CROSSOVERS; ++radius) most.push_back({radius * 2, kNever, kNever});
  most.back() = {31, 1, 1};
  expect(set(most) && cost(snapshot, one, 28) == rows && cost(snapshot, one, 31) == tables, "as many as there may be");
  expect(set({}) && cost(snapshot, one, 31) == tables && cost(snapshot, many, 31) == many.size() * tables,
         "the built-in ones again");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Random random(std::strtoull(argv[1], nullptr, 10));
  Data data;
  for (size_t i = 0; i < std::strtoull(argv[2], nullptr, 10); ++i) {
    data.ids.push_back(2 * i);
    data.hashes.push_back(random.hash());
  }
  for (size_t i = 0; i < 9; ++i) data.queries.push_back(random.near(data.hashes[i * 100], 5 * i));
  emp_index* index;
  if (emp_index_create(16, &index) != EMP_OK ||
      emp_index_add(index, data.ids.data(), data.hashes[0].data(), nullptr, data.ids.size()) != EMP_OK ||
      emp_index_flush(index) != EMP_OK)
    return 2;
  for (int more = 1; more != 0;)
    if (emp_index_maintain(index, 0, nullptr, &more) != EMP_OK) return 2;
  emp_snapshot* snapshot;
  if (emp_index_snapshot(index, &snapshot) != EMP_OK) return 2;
  costs(snapshot, data);
  std::atomic<bool> done{false};
  std::thread setter([&] {
    for (uint32_t i = 0; !done; ++i) {
      const uint32_t rows = i % 2 == 0 ? 1 : kNever;
      set(i % 3 == 0 ? std::vector<emp_crossover>{} : std::vector<emp_crossover>{{31 + i % 5, rows, rows}});
    }
  });
  for (int turn = 0; turn < 5; ++turn)
    for (const uint32_t radius : {0u, 15u, 31u, 35u, 47u})
      expect(agrees(snapshot, data, radius), "brute force, while they change");
  done = true;
  setter.join();
  emp_snapshot_release(snapshot);
  emp_index_destroy(index);
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
