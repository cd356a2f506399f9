// searchSync and search. Hits come back as one Float64Array of triples, sorted by query, distance, entry and crop: the
// entry's id, the query, and 512 times the number of the crop plus the distance.
#include <cstring>
#include <memory>

#include "index_handle.h"
#include "../module.h"

namespace binding {
namespace {

struct Search {
  emp_searcher* searcher = nullptr;
  Search() = default;
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  ~Search() { emp_searcher_destroy(searcher); }

  // index, queries, radius, options {limit, tags, strategy, nearest, separateCrops, kernel}. `tags` has 32 bytes. The
  // core copies the queries.
  bool read(const Napi::CallbackInfo& info, const emp_cancel& cancel) {
    const Napi::Env env = info.Env();
    Shared<Index> index;
    Bytes queries, tags;
    Options given;
    bool nearest = false, separate_crops = false;
    emp_search_options options = {};
    if (!unwrap(info[0], &index) || !read_bytes(info[1], &queries) || !read_uint32(info[2], &options.radius) ||
        !given.open(info[3]) || !given.read("limit", &options.limit) || !given.read("tags", &tags) ||
        !given.read("strategy", &options.strategy) || !given.read("nearest", &nearest) ||
        !given.read("separateCrops", &separate_crops) || !given.read("kernel", &options.kernel))
      return false;
    if (queries.size % EMP_HASH_BYTES != 0) return fail(env, EMP_BAD_HASH_LENGTH);
    if (tags.data != nullptr) {
      if (tags.size != sizeof(options.tags)) return fail(env, "expected 32 bytes of tags");
      std::memcpy(options.tags, tags.data, sizeof(options.tags));
      options.filter = 1;
    }
    options.separate_crops = separate_crops ? 1 : 0;
    options.cancel = cancel;
    emp_snapshot* snapshot = nullptr;
    emp_status status = emp_index_snapshot(index->core, &snapshot);
    if (status == EMP_OK)
      status = emp_searcher_create(snapshot, queries.data, queries.size / EMP_HASH_BYTES, &options, nearest ? 1 : 0,
                                   &searcher);
    emp_snapshot_release(snapshot);
    return status == EMP_OK || fail(env, status);
  }

  napi_value triples(napi_env env) const {
    const emp_hit* hits;
    size_t count;
    emp_searcher_hits(searcher, &hits, &count);
    void* data = nullptr;
    napi_value buffer, array;
    // An unrelated query usually has no hit, and making an array takes longer than a small search.
    if (count == 0) return undefined(env);
    if (napi_create_arraybuffer(env, 3 * count * sizeof(double), &data, &buffer) != napi_ok) return nullptr;
    double* out = static_cast<double*>(data);
    for (size_t i = 0; i < count; ++i) {
      const uint64_t crop = hits[i].id >> EMP_ENTRY_BITS;
      *out++ = static_cast<double>(hits[i].id - (crop << EMP_ENTRY_BITS));
      *out++ = hits[i].query;
      *out++ = static_cast<double>(512 * crop + hits[i].distance);
    }
    return napi_create_typedarray(env, napi_float64_array, 3 * count, buffer, 0, &array) == napi_ok ? array : nullptr;
  }
};

Napi::Value search_sync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Search search;
  if (!search.read(info, {nullptr, nullptr})) return env.Undefined();
  int done;
  const emp_status status = emp_searcher_run(search.searcher, UINT64_MAX, &done);
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  const napi_value found = search.triples(env);
  if (found == nullptr) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
  return {env, found};
}

// A short search runs at once: passing it to another thread would take longer. A long one runs on the thread pool in
// slices of a few milliseconds, so that file reads and decoders, which share the pool, are not kept waiting.
class SearchJob : public Job {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<SearchJob>(new SearchJob);
    if (!job->accept(info[4]) || !job->search_.read(info, job->cancel())) return info.Env().Undefined();
    return Job::start(job.release(), info.Env(), info[4]);
  }

 protected:
  emp_status run() override { return emp_searcher_run(search_.searcher, kSlice, &done_); }
  bool at_once(emp_status* status) override {
    if (emp_searcher_cost(search_.searcher) > kAtOnce) return false;
    *status = emp_searcher_run(search_.searcher, kAtOnce, &done_);
    return *status != EMP_OK || done_ != 0;
  }
  bool again() const override { return done_ == 0; }
  napi_value result(napi_env env) override { return search_.triples(env); }

 private:
  static constexpr uint64_t kSlice = 8'000'000;
  // Less than a tenth of a millisecond.
  static constexpr uint64_t kAtOnce = 250'000;
  Search search_;
  int done_ = 0;
};

// Three numbers for each crossover, in order: the radius, the rows for one query, and those for a batch.
void set_crossovers(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Bytes numbers;
  if (!read_bytes(info[0], &numbers)) return;
  constexpr size_t kSize = sizeof(emp_crossover);
  emp_crossover crossovers[EMP_MOST_CROSSOVERS];
  const size_t count = numbers.size / kSize;
  if (numbers.size % kSize != 0 || count > EMP_MOST_CROSSOVERS) {
    fail(env, EMP_BAD_OPTION);
    return;
  }
  if (count > 0) std::memcpy(crossovers, numbers.data, numbers.size);
  const emp_status status = emp_crossovers_set(crossovers, count);
  if (status != EMP_OK) fail(env, status);
}

}  // namespace

void add_search(Napi::Env env, Napi::Object exports) {
  exports.Set("searchSync", Napi::Function::New(env, search_sync, "searchSync"));
  exports.Set("setCrossovers", Napi::Function::New(env, set_crossovers, "setCrossovers"));
  exports.Set("search", Napi::Function::New(env, SearchJob::queue, "search"));
}

}  // namespace binding
