// What is done with an index on a file that may be damaged: every kind of call. Any answer is right; reading outside
// the file is what a sanitizer ends the program for. Shared with the fuzzer.
#pragma once
#include "searching.h"

inline emp_status maintain_all(emp_index* index) {
  emp_status status = EMP_OK;
  for (int more = 1, steps = 0; status == EMP_OK && more != 0 && steps < 8; ++steps)
    status = emp_index_maintain(index, UINT64_MAX, nullptr, &more);
  return status;
}

inline bool answers(emp_status status) { return status == EMP_OK || status == EMP_CORRUPT_FILE; }

constexpr uint32_t kSearchRadii[] = {15, 31, 39, 60, 256};

// Within the radius and the nearest; `queries` decide where in the tables it looks. Ends the program on any other
// failure.
inline void search_one_strategy(emp_index* index, const std::vector<Hash>& queries, int strategy, uint32_t radius) {
  emp_snapshot* snapshot;
  if (emp_index_snapshot(index, &snapshot) != EMP_OK) std::abort();
  emp_search_options o = {};
  o.strategy = static_cast<emp_search_strategy>(strategy);
  o.radius = radius;
  o.limit = radius > 100 ? 5 : 0;
  o.filter = strategy % 2;
  o.tags[0] = ~uint64_t{0};
  if (!answers(search(snapshot, queries, o).status)) std::abort();
  o.limit = 3;
  if (!answers(search(snapshot, queries, o, true, 20'000).status)) std::abort();
  emp_snapshot_release(snapshot);
}

inline void search_all_strategies(emp_index* index, const std::vector<Hash>& queries) {
  for (int strategy = EMP_STRATEGY_AUTO; strategy <= EMP_STRATEGY_MULTI_INDEX; ++strategy)
    for (const uint32_t radius : kSearchRadii) search_one_strategy(index, queries, strategy, radius);
}

// Everything else: changes, joining, saving, opening what was saved.
inline void change_and_save(emp_index* index, const std::vector<uint64_t>& ids, const Hash& hash) {
  for (const uint64_t id : ids) {
    emp_index_has(index, id);
    if (emp_index_remove(index, &id, 1) == EMP_OK) continue;
    if (emp_index_add(index, &id, hash.data(), nullptr, 1) == EMP_OK) emp_index_replace(index, id, hash.data(), 7);
  }
  if (maintain_all(index) == EMP_OUT_OF_MEMORY) std::abort();
  emp_snapshot* snapshot;
  if (emp_index_snapshot(index, &snapshot) != EMP_OK) std::abort();
  std::vector<uint8_t> bytes;
  if (save_bytes(snapshot, &bytes) == EMP_OK) {
    emp_index* again = nullptr;
    if (open_bytes(bytes, &again) == EMP_OK) emp_index_destroy(again);
  }
  emp_snapshot_release(snapshot);
}
