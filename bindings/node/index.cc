// The search index: createIndex, indexAdd, indexSize, searchSync and search. Hits come back as one Uint32Array of
// triples (query, row, distance), sorted.
#include <memory>
#include <new>

#include "job.h"
#include "module.h"

namespace binding {
namespace {

struct Index {
  static constexpr napi_type_tag kTag = {0x51f3a2b86c0d4e9f, 0x8be1d37a40c6f502};
  std::atomic<int> references{1};
  emp_index* core = nullptr;
  int64_t reported = 0;  // bytes V8 was told of
  ~Index() { emp_index_destroy(core); }
};

struct Snapshot {
  emp_snapshot* core = nullptr;
  ~Snapshot() { emp_snapshot_release(core); }
};

struct Hits {
  emp_hit* data = nullptr;
  size_t count = 0;
  ~Hits() { emp_hits_free(data); }
};

static_assert(sizeof(emp_hit) == 3 * sizeof(uint32_t));

napi_value triples(napi_env env, const Hits& hits) {
  void* data = nullptr;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, hits.count * sizeof(emp_hit), &data, &buffer) != napi_ok) return nullptr;
  if (hits.count > 0) std::memcpy(data, hits.data, hits.count * sizeof(emp_hit));
  return napi_create_typedarray(env, napi_uint32_array, 3 * hits.count, buffer, 0, &array) == napi_ok ? array : nullptr;
}

void report(Napi::Env env, Index* index) {
  const int64_t bytes = static_cast<int64_t>(emp_index_bytes(index->core));
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - index->reported);
  index->reported = bytes;
}

Napi::Value create_index(const Napi::CallbackInfo& info) {
  Shared<Index> index(new Index);
  const emp_status status = emp_index_create(&index->core);
  if (status != EMP_OK) return fail(info.Env(), status), info.Env().Undefined();
  return wrap(info.Env(), std::move(index));
}

// Frees the rows at once, not when the collector comes; snapshots of running jobs keep theirs. `index` is empty after.
void close_index(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  if (!unwrap(info[0], &index)) return;
  emp_index* empty = nullptr;
  if (emp_index_create(&empty) != EMP_OK) return;
  emp_index_destroy(index->core);
  index->core = empty;
  report(info.Env(), &*index);
}

Napi::Value index_add(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  Bytes hashes;
  if (!unwrap(info[0], &index) || !read_bytes(info[1], &hashes)) return info.Env().Undefined();
  emp_status status = hashes.size % EMP_HASH_BYTES == 0 ? EMP_OK : EMP_BAD_HASH_LENGTH;
  if (status == EMP_OK) status = emp_index_add(index->core, hashes.data, hashes.size / EMP_HASH_BYTES);
  if (status != EMP_OK) return fail(info.Env(), status), info.Env().Undefined();
  report(info.Env(), &*index);
  return Napi::Number::New(info.Env(), static_cast<double>(emp_index_size(index->core)));
}

Napi::Value index_bytes(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  if (!unwrap(info[0], &index)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(emp_index_bytes(index->core)));
}

struct Search {
  Snapshot snapshot;
  const emp_kernel* kernel = nullptr;
  std::unique_ptr<uint8_t[]> queries;
  size_t count = 0;
  uint32_t radius = 0;
  Hits hits;

  // index, queries, radius, kernel
  bool read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Shared<Index> index;
    Bytes bytes;
    if (!unwrap(info[0], &index) || !read_bytes(info[1], &bytes) || !read_uint32(info[2], &radius) ||
        !read_kernel(info[3], &kernel))
      return false;
    if (radius > 256) return fail(env, EMP_BAD_RADIUS);
    if (bytes.size % EMP_HASH_BYTES != 0) return fail(env, EMP_BAD_HASH_LENGTH);
    count = bytes.size / EMP_HASH_BYTES;
    queries.reset(new (std::nothrow) uint8_t[bytes.size]);
    if (!queries) return fail(env, EMP_OUT_OF_MEMORY);
    if (bytes.size > 0) std::memcpy(queries.get(), bytes.data, bytes.size);
    const emp_status status = emp_index_snapshot(index->core, &snapshot.core);
    return status == EMP_OK || fail(env, status);
  }

  emp_status run(const emp_cancel& cancel) {
    return emp_search(snapshot.core, kernel, queries.get(), count, radius, &cancel, &hits.data, &hits.count);
  }
};

Napi::Value search_sync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Search search;
  if (!search.read(info)) return env.Undefined();
  const emp_status status = search.run({nullptr, nullptr});
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  const napi_value found = triples(env, search.hits);
  if (found == nullptr) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
  return {env, found};
}

class SearchJob : public Job {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<SearchJob>(new SearchJob);
    if (!job->search_.read(info)) return info.Env().Undefined();
    return Job::start(job.release(), info.Env(), info[4]);
  }

 protected:
  emp_status run() override { return search_.run(cancel()); }
  napi_value result(napi_env env) override { return triples(env, search_.hits); }

 private:
  Search search_;
};

}  // namespace

void add_index(Napi::Env env, Napi::Object exports) {
  exports.Set("createIndex", Napi::Function::New(env, create_index, "createIndex"));
  exports.Set("closeIndex", Napi::Function::New(env, close_index, "closeIndex"));
  exports.Set("indexAdd", Napi::Function::New(env, index_add, "indexAdd"));
  exports.Set("indexBytes", Napi::Function::New(env, index_bytes, "indexBytes"));
  exports.Set("searchSync", Napi::Function::New(env, search_sync, "searchSync"));
  exports.Set("search", Napi::Function::New(env, SearchJob::queue, "search"));
}

}  // namespace binding
