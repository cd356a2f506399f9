// Searches a snapshot. Every row within a radius takes one pass; the nearest rows take passes of growing radius. The
// hits are sorted at the end.
#include <algorithm>
#include <memory>
#include <new>
#include <optional>

#include "../index/index.h"
#include "pass.h"
#include "planner.h"

namespace empreinte {
namespace {

// When a search for the nearest finds nothing within a radius, that pass was in vain. Beyond this radius it is no
// longer cheap compared with a scan.
constexpr uint32_t kLastGrowth = 47;

bool any_multi_index(const Version& version, uint32_t radius) {
  for (uint32_t i = 0; i < version.shard_count; ++i)
    if (multi_index_pays(version.shards[i].shard->rows, version.shards[i].shard->tables, radius, 1)) return true;
  return false;
}

}  // namespace
}  // namespace empreinte

using namespace empreinte;

struct emp_searcher {
  Version* version = nullptr;
  emp_search_options options;
  std::unique_ptr<Row[]> queries;
  size_t count = 0;
  bool nearest = false;
  Hits hits;
  std::optional<Pass> pass;
  // For the nearest: the current query, the radius searched so far, and what was found.
  size_t query = 0;
  uint32_t radius = 0;
  Hits found;
  emp_search_options step_options;

  ~emp_searcher() {
    if (version != nullptr) version->release();
  }

  emp_status run(uint64_t budget, bool* done) {
    if (nearest) return run_nearest(&budget, done);
    if (!pass) pass.emplace(*version, options, queries.get(), count, &hits);
    const emp_status status = pass->run(&budget, done);
    if (status == EMP_OK && *done) finish(&hits, options.limit, options.separate_crops == 0);
    return status;
  }

  // Searches by growing radius as long as the tables make that cheap, then by one scan whose radius shrinks.
  emp_status run_nearest(uint64_t* budget, bool* done) {
    constexpr uint32_t kFirst = 15, kStep = 8;
    for (; query < count; ++query, radius = 0, pass.reset()) {
      for (;; pass.reset()) {
        if (!pass) {
          radius = radius == 0 ? kFirst : radius + kStep;
          if (radius > std::min(options.radius, kLastGrowth) || options.strategy != EMP_STRATEGY_AUTO ||
              !any_multi_index(*version, radius))
            radius = options.radius;
          found.shrink(0);
          step_options = options;
          step_options.radius = radius;
          pass.emplace(*version, step_options, &queries[query], 1, &found, options.limit);
        }
        bool pass_done = false;
        const emp_status status = pass->run(budget, &pass_done);
        if (status != EMP_OK || !pass_done) return status;
        // Rows of one entry count once, so crops are merged before the hits are counted.
        finish(&found, options.limit, options.separate_crops == 0);
        if (found.size() >= options.limit || radius >= options.radius) break;
      }
      for (emp_hit hit : found) {
        hit.query = static_cast<uint32_t>(query);
        if (!hits.push(hit)) return EMP_OUT_OF_MEMORY;
      }
    }
    *done = true;
    return EMP_OK;
  }
};

emp_status emp_searcher_create(const emp_snapshot* snapshot, const uint8_t* queries, size_t query_count,
                               const emp_search_options* options, int nearest, emp_searcher** out) {
  *out = nullptr;
  std::unique_ptr<emp_searcher> s(new (std::nothrow) emp_searcher);
  if (!s) return EMP_OUT_OF_MEMORY;
  s->options = *options;
  s->nearest = nearest != 0;
  s->count = query_count;
  if (options->radius > 256) return EMP_BAD_RADIUS;
  if (query_count > UINT32_MAX || options->strategy < EMP_STRATEGY_AUTO || options->strategy > EMP_STRATEGY_MULTI_INDEX)
    return EMP_BAD_OPTION;
  if (s->nearest && options->limit == 0) return EMP_BAD_OPTION;
  if (options->kernel == nullptr) {
    const emp_status status = emp_kernel_find(nullptr, &s->options.kernel);
    if (status != EMP_OK) return status;
  }
  s->queries.reset(new (std::nothrow) Row[query_count + 1]);
  if (!s->queries) return EMP_OUT_OF_MEMORY;
  for (size_t i = 0; i < query_count; ++i) s->queries[i] = permuted(queries + 32 * i);
  s->version = snapshot->version;
  s->version->retain();
  *out = s.release();
  return EMP_OK;
}

emp_status emp_searcher_run(emp_searcher* searcher, uint64_t budget, int* done) {
  bool finished = false;
  const emp_status status = searcher->run(budget, &finished);
  *done = finished ? 1 : 0;
  return status;
}

uint64_t emp_searcher_cost(const emp_searcher* searcher) {
  return searcher->nearest ? UINT64_MAX : pass_cost(*searcher->version, searcher->options, searcher->count);
}

void emp_searcher_hits(const emp_searcher* searcher, const emp_hit** hits, size_t* count) {
  *hits = searcher->hits.data();
  *count = searcher->hits.size();
}

void emp_searcher_destroy(emp_searcher* searcher) { delete searcher; }
