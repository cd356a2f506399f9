// Local points: localRegister, localRecord, localRecordDescriptors, createLocalQuery, localQueryDescriptors,
// localQueryPlaces, localQueryHistograms and closeLocalQuery.
#include "local_handle.h"

#include <algorithm>
#include <memory>
#include <new>

#include "../job.h"
#include "../module.h"

namespace binding {
namespace {

// A new typed array with `size` bytes, and where they are.
napi_value bytes_of(napi_env env, napi_typedarray_type type, size_t size, size_t each, void** data) {
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, size, data, &buffer) != napi_ok ||
      napi_create_typedarray(env, type, size / each, buffer, 0, &array) != napi_ok)
    return nullptr;
  return array;
}

// Reads pixels and keeps them alive: nobody else may write to them meanwhile.
class PixelsJob : public Job {
 protected:
  bool read(const Napi::Value& pixels, const Options& options) {
    Napi::Value data;
    if (!read_pixels(pixels, &pixels_, &data) || !options.read("kernel", &kernel_)) return false;
    const emp_status status = emp_pixels_check(&pixels_);
    if (status != EMP_OK) return fail(pixels.Env(), status);
    keep(data);
    return true;
  }
  emp_pixels pixels_ = {};
  const emp_kernel* kernel_ = nullptr;
};

// Arguments: pixels, options {most, kernel}, cancel.
class RegisterJob : public PixelsJob {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto job = std::unique_ptr<RegisterJob>(new RegisterJob);
    Options options;
    if (!options.open(info[1]) || !job->read(info[0], options) || !options.read("most", &job->most_))
      return env.Undefined();
    job->record_.reset(new (std::nothrow) uint8_t[EMP_LOCAL_MOST_BYTES]);
    if (!job->record_) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
    return Job::start(job.release(), env, info[2]);
  }

 protected:
  emp_status run() override {
    const emp_cancel stop = cancel();
    return emp_local_register(&pixels_, kernel_, most_, &stop, record_.get(), &size_);
  }
  napi_value result(napi_env env) override {
    void* data = nullptr;
    const napi_value array = bytes_of(env, napi_uint8_array, size_, 1, &data);
    if (array != nullptr) std::copy_n(record_.get(), size_, static_cast<uint8_t*>(data));
    return array;
  }

 private:
  uint32_t most_ = 0;
  std::unique_ptr<uint8_t[]> record_;
  size_t size_ = 0;
};

// Arguments: pixels, options {registered, kernel}, cancel.
class QueryJob : public PixelsJob {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto job = std::unique_ptr<QueryJob>(new QueryJob);
    Options options;
    if (!options.open(info[1]) || !job->read(info[0], options) || !options.read("registered", &job->registered_))
      return env.Undefined();
    return Job::start(job.release(), env, info[2]);
  }

 protected:
  emp_status run() override {
    made_ = Shared<LocalQuery>(new (std::nothrow) LocalQuery);
    if (!made_) return EMP_OUT_OF_MEMORY;
    const emp_cancel stop = cancel();
    return registered_ > 0 ? emp_local_registered_create(&pixels_, kernel_, registered_, &stop, &made_->core)
                           : emp_local_query_create(&pixels_, kernel_, &stop, &made_->core);
  }
  napi_value result(napi_env env) override { return wrap(Napi::Env(env), made_); }

 private:
  uint32_t registered_ = 0;
  Shared<LocalQuery> made_;
};

bool open_query(const Napi::Value& value, Shared<LocalQuery>* out) {
  return unwrap(value, out) && ((*out)->core != nullptr || fail(value.Env(), "the local points are closed"));
}

// Reads a record, and what its head says.
bool open_record(const Napi::Value& value, Bytes* record, emp_local_record_info* said) {
  if (!read_bytes(value, record)) return false;
  const emp_status status = emp_local_record_check(record->data, record->size, said);
  return status == EMP_OK || fail(value.Env(), status);
}

// A new typed array of `count` rows of `each` bytes. `write` is called with where they are, unless there are none.
template <typename Write>
Napi::Value rows(Napi::Env env, napi_typedarray_type type, size_t element, size_t count, size_t each, Write write) {
  void* data = nullptr;
  const napi_value array = bytes_of(env, type, each * count, element, &data);
  if (array == nullptr) return env.Undefined();
  if (count > 0) write(data);
  return {env, array};
}

Napi::Value record_info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Bytes record;
  emp_local_record_info said = {};
  if (!open_record(info[0], &record, &said)) return env.Undefined();
  Napi::Object object = Napi::Object::New(env);
  object.Set("width", Napi::Number::New(env, said.width));
  object.Set("height", Napi::Number::New(env, said.height));
  object.Set("points", Napi::Number::New(env, said.points));
  return object;
}

Napi::Value record_descriptors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Bytes record;
  emp_local_record_info said = {};
  if (!open_record(info[0], &record, &said)) return env.Undefined();
  return rows(env, napi_uint8_array, 1, said.points, EMP_HASH_BYTES,
              [&](void* data) { emp_local_record_descriptors(record.data, record.size, static_cast<uint8_t*>(data)); });
}

Napi::Value query_descriptors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<LocalQuery> query;
  uint32_t form = 0;
  if (!open_query(info[0], &query) || !read_uint32(info[1], &form)) return env.Undefined();
  if (form > EMP_LOCAL_MIRRORED_NEGATIVE) return fail(env, EMP_BAD_OPTION), env.Undefined();
  const uint32_t count = emp_local_query_points(query->core);
  return rows(env, napi_uint8_array, 1, count, EMP_HASH_BYTES, [&](void* data) {
    emp_local_query_descriptors(query->core, static_cast<emp_local_form>(form), static_cast<uint8_t*>(data));
  });
}

Napi::Value query_places(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<LocalQuery> query;
  if (!open_query(info[0], &query)) return env.Undefined();
  const uint32_t count = emp_local_query_points(query->core);
  return rows(env, napi_float32_array, sizeof(float), count, sizeof(emp_local_place),
              [&](void* data) { emp_local_query_places(query->core, static_cast<emp_local_place*>(data)); });
}

Napi::Value query_histograms(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<LocalQuery> query;
  if (!open_query(info[0], &query)) return env.Undefined();
  const uint32_t count = emp_local_query_points(query->core);
  return rows(env, napi_uint8_array, 1, count, EMP_LOCAL_HISTOGRAM,
              [&](void* data) { emp_local_query_histograms(query->core, static_cast<uint8_t*>(data)); });
}

// Frees the points now instead of when the handle is collected. Jobs only read the handle before they start.
void close_query(const Napi::CallbackInfo& info) {
  Shared<LocalQuery> query;
  if (!unwrap(info[0], &query)) return;
  emp_local_query_destroy(query->core);
  query->core = nullptr;
}

}  // namespace

void add_local(Napi::Env env, Napi::Object exports) {
  exports.Set("localRegister", Napi::Function::New(env, RegisterJob::queue, "localRegister"));
  exports.Set("localRecord", Napi::Function::New(env, record_info, "localRecord"));
  exports.Set("localRecordDescriptors", Napi::Function::New(env, record_descriptors, "localRecordDescriptors"));
  exports.Set("createLocalQuery", Napi::Function::New(env, QueryJob::queue, "createLocalQuery"));
  exports.Set("localQueryDescriptors", Napi::Function::New(env, query_descriptors, "localQueryDescriptors"));
  exports.Set("localQueryPlaces", Napi::Function::New(env, query_places, "localQueryPlaces"));
  exports.Set("localQueryHistograms", Napi::Function::New(env, query_histograms, "localQueryHistograms"));
  exports.Set("closeLocalQuery", Napi::Function::New(env, close_query, "closeLocalQuery"));
}

}  // namespace binding
