// Functions that create, change, maintain, save and open a search index.
#include <memory>
#include <new>

#include "index_handle.h"
#include "mapping.h"
#include "../module.h"

namespace binding {
namespace {

void report(Napi::Env env, Index* index) {
  emp_index_stats stats;
  emp_index_get_stats(index->core, &stats);
  const int64_t bytes = static_cast<int64_t>(stats.bytes - stats.mapped);
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - index->reported);
  index->reported = bytes;
}

Napi::Value create_index(const Napi::CallbackInfo& info) {
  uint32_t tables;
  if (!read_uint32(info[0], &tables)) return info.Env().Undefined();
  Shared<Index> index(new Index);
  const emp_status status = emp_index_create(tables, &index->core);
  if (status != EMP_OK) return fail(info.Env(), status), info.Env().Undefined();
  return wrap(info.Env(), std::move(index));
}

// Frees the entries at once instead of when the handle is collected. Running searches keep theirs. `index` is empty
// afterwards.
void close_index(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  if (!unwrap(info[0], &index)) return;
  const emp_status status = emp_index_clear(index->core);
  if (status != EMP_OK) fail(info.Env(), status);
  report(info.Env(), &*index);
}

// One id or several, as doubles: JavaScript's whole numbers below 2^53.
class Ids {
 public:
  size_t count = 0;
  const uint64_t* values() const { return several_ ? several_.get() : &one_; }
  bool read(const Napi::Value& value) {
    double id;
    if (napi_get_value_double(value.Env(), value, &id) == napi_ok) {
      count = 1;
      return take(value.Env(), id, &one_);
    }
    napi_typedarray_type type;
    void* data = nullptr;
    if (!value.IsTypedArray() ||
        napi_get_typedarray_info(value.Env(), value, &type, &count, &data, nullptr, nullptr) != napi_ok ||
        type != napi_float64_array)
      return fail(value.Env(), "expected a Float64Array of ids");
    several_.reset(new (std::nothrow) uint64_t[count + 1]);
    if (!several_) return fail(value.Env(), EMP_OUT_OF_MEMORY);
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(&id, static_cast<const uint8_t*>(data) + 8 * i, 8);
      if (!take(value.Env(), id, &several_[i])) return false;
    }
    return true;
  }
  // Makes ids of rows: `crops` has a byte for each, 0 for an entry's own hash, otherwise the number of its crop.
  bool read_crops(const Napi::Value& value) {
    Bytes crops;
    if (value.IsUndefined()) return true;
    if (!read_bytes(value, &crops)) return false;
    if (!several_ || crops.size != count) return fail(value.Env(), "expected the number of a crop for each id");
    for (size_t i = 0; i < count; ++i) {
      if (crops.data[i] > EMP_MOST_CROPS) return fail(value.Env(), "expected the number of a crop from 0 to 63");
      several_[i] |= uint64_t{crops.data[i]} << EMP_ENTRY_BITS;
    }
    return true;
  }

 private:
  static bool take(Napi::Env env, double id, uint64_t* out) {
    if (!(id >= 0 && id < 0x1p53) || id != std::floor(id))
      return fail(env, "an id is a whole number from 0 to 2^53 - 1");
    *out = static_cast<uint64_t>(id);
    return true;
  }
  uint64_t one_ = 0;
  std::unique_ptr<uint64_t[]> several_;
};

bool read_tags(const Napi::Value& value, size_t count, Bytes* tags) {
  *tags = {nullptr, 0};
  if (value.IsUndefined()) return true;
  return read_bytes(value, tags) && (tags->size == count || fail(value.Env(), "expected a tag for each id"));
}

// The input of an addition. One that runs on another thread keeps copies, because the caller may change its arrays.
struct Addition {
  Shared<Index> index;
  Ids ids;
  Bytes hashes, tags;

  // Arguments: index, ids, hashes, tags.
  bool read(const Napi::CallbackInfo& info) {
    if (!unwrap(info[0], &index) || !ids.read(info[1]) || !read_bytes(info[2], &hashes) ||
        !read_tags(info[3], ids.count, &tags))
      return false;
    return hashes.size == ids.count * EMP_HASH_BYTES || fail(info.Env(), EMP_BAD_HASH_LENGTH);
  }
  bool keep(Napi::Env env) {
    return (keep(&hashes, &own_hashes_) && keep(&tags, &own_tags_)) || fail(env, EMP_OUT_OF_MEMORY);
  }
  emp_status run() { return emp_index_add(index->core, ids.values(), hashes.data, tags.data, ids.count); }

 private:
  static bool keep(Bytes* bytes, std::unique_ptr<uint8_t[]>* own) {
    if (bytes->data == nullptr) return true;
    own->reset(new (std::nothrow) uint8_t[bytes->size + 1]);
    if (!*own) return false;
    if (bytes->size > 0) std::memcpy(own->get(), bytes->data, bytes->size);
    bytes->data = own->get();
    return true;
  }
  std::unique_ptr<uint8_t[]> own_hashes_, own_tags_;
};

// Reports the index's memory to V8. The memory of the newest rows exists from the first one on, so single additions
// change little.
constexpr uint32_t kUnreported = 1024;

void index_add(const Napi::CallbackInfo& info) {
  Addition addition;
  if (!addition.read(info) || !addition.ids.read_crops(info[4])) return;
  const emp_status status = addition.run();
  if (status != EMP_OK) return fail(info.Env(), status), void();
  Index& index = *addition.index;
  index.unreported += addition.ids.count;
  if (index.unreported < kUnreported && index.reported > 0) return;
  index.unreported = 0;
  report(info.Env(), &index);
}

void index_remove(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  Ids ids;
  if (!unwrap(info[0], &index) || !ids.read(info[1])) return;
  const emp_status status = emp_index_remove(index->core, ids.values(), ids.count);
  if (status != EMP_OK) fail(info.Env(), status);
}

void index_replace(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  Ids ids;
  Bytes hash;
  uint32_t tag;
  if (!unwrap(info[0], &index) || !ids.read(info[1]) || !read_bytes(info[2], &hash) || !read_uint32(info[3], &tag))
    return;
  emp_status status = ids.count == 1 && tag < 256 ? EMP_OK : EMP_BAD_OPTION;
  if (hash.size != EMP_HASH_BYTES) status = EMP_BAD_HASH_LENGTH;
  if (status == EMP_OK) status = emp_index_replace(index->core, ids.values()[0], hash.data, static_cast<uint8_t>(tag));
  if (status != EMP_OK) fail(info.Env(), status);
}

Napi::Value index_has(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  Ids ids;
  if (!unwrap(info[0], &index) || !ids.read(info[1]) || ids.count != 1) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), emp_index_has(index->core, ids.values()[0]) != 0);
}

Napi::Value index_stats(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  if (!unwrap(info[0], &index)) return info.Env().Undefined();
  emp_index_stats stats;
  emp_index_get_stats(index->core, &stats);
  const struct {
    const char* name;
    uint64_t value;
  } figures[] = {{"rows", stats.rows},     {"removed", stats.removed},   {"delta", stats.delta},
                 {"shards", stats.shards}, {"indexed", stats.indexed},   {"bytes", stats.bytes},
                 {"mapped", stats.mapped}, {"resident", stats.resident}, {"revision", stats.revision}};
  napi_value out;
  if (napi_create_object(info.Env(), &out) != napi_ok) return info.Env().Undefined();
  for (const auto& figure : figures) {
    napi_value number;
    if (napi_create_double(info.Env(), static_cast<double>(figure.value), &number) != napi_ok ||
        napi_set_named_property(info.Env(), out, figure.name, number) != napi_ok)
      return info.Env().Undefined();
  }
  return {info.Env(), out};
}

// Arguments: index, ids, numbers of crops. Returns 32 bytes for each id, zeros where there is no such row.
Napi::Value index_hashes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Index> index;
  Ids ids;
  if (!unwrap(info[0], &index) || !ids.read(info[1]) || !ids.read_crops(info[2])) return env.Undefined();
  void* data = nullptr;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, EMP_HASH_BYTES * ids.count, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, EMP_HASH_BYTES * ids.count, buffer, 0, &array) != napi_ok)
    return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
  uint8_t* out = static_cast<uint8_t*>(data);
  for (size_t i = 0; i < ids.count; ++i) emp_index_get(index->core, ids.values()[i], out + EMP_HASH_BYTES * i);
  return {env, array};
}

void index_flush(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  if (!unwrap(info[0], &index)) return;
  const emp_status status = emp_index_flush(index->core);
  if (status != EMP_OK) fail(info.Env(), status);
}

Napi::Value index_wants_maintenance(const Napi::CallbackInfo& info) {
  Shared<Index> index;
  if (!unwrap(info[0], &index)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), emp_index_wants_maintenance(index->core, 0) != 0);
}

// A job on an index that returns a boolean or nothing: it adds in bulk, maintains, verifies, warms or saves.
class IndexJob : public Job {
 public:
  static Napi::Value add(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<IndexJob>(new IndexJob);
    if (!job->addition_.read(info) || !job->addition_.keep(info.Env())) return info.Env().Undefined();
    job->index_ = job->addition_.index;
    job->task_ = &IndexJob::run_add;
    return Job::start(job.release(), info.Env(), info[4]);
  }
  // Arguments: index, cancel, room in bytes.
  static Napi::Value maintain(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<IndexJob>(new IndexJob);
    if (!unwrap(info[0], &job->index_)) return info.Env().Undefined();
    const double room = info[2].IsNumber() ? info[2].As<Napi::Number>().DoubleValue() : -1;
    if (!(room >= 0 && room < 0x1p63)) return fail(info.Env(), "expected room in bytes"), info.Env().Undefined();
    job->room_ = static_cast<uint64_t>(room);
    job->task_ = &IndexJob::run_maintain;
    return Job::start(job.release(), info.Env(), info[1]);
  }
  static Napi::Value verify(const Napi::CallbackInfo& info) { return plain(info, &IndexJob::run_verify); }
  static Napi::Value warm(const Napi::CallbackInfo& info) { return plain(info, &IndexJob::run_warm); }
  // Arguments: index, file descriptor, cancel. Writes what a search would see now.
  static Napi::Value save(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<IndexJob>(new IndexJob);
    uint32_t descriptor;
    if (!unwrap(info[0], &job->index_) || !read_uint32(info[1], &descriptor)) return info.Env().Undefined();
    job->descriptor_ = static_cast<int>(descriptor);
    const emp_status status = emp_index_snapshot(job->index_->core, &job->snapshot_);
    if (status != EMP_OK) return fail(info.Env(), status), info.Env().Undefined();
    job->task_ = &IndexJob::run_save;
    return Job::start(job.release(), info.Env(), info[2]);
  }

  ~IndexJob() override { emp_snapshot_release(snapshot_); }

 protected:
  emp_status run() override { return (this->*task_)(); }
  napi_value result(napi_env env) override {
    report(Napi::Env(env), &*index_);
    if (task_ != &IndexJob::run_maintain) return undefined(env);
    napi_value more = nullptr;
    napi_get_boolean(env, more_ != 0, &more);
    return more;
  }

 private:
  using Task = emp_status (IndexJob::*)();
  static Napi::Value plain(const Napi::CallbackInfo& info, Task task) {
    auto job = std::unique_ptr<IndexJob>(new IndexJob);
    if (!unwrap(info[0], &job->index_)) return info.Env().Undefined();
    job->task_ = task;
    return Job::start(job.release(), info.Env(), info[1]);
  }
  // It asks once, when its turn has come. From then on everything is added.
  emp_status run_add() {
    const emp_cancel stop = cancel();
    return stop.poll != nullptr && stop.poll(stop.context) != 0 ? EMP_CANCELLED : addition_.run();
  }
  emp_status run_maintain() {
    const emp_cancel stop = cancel();
    return emp_index_maintain(index_->core, room_, &stop, &more_);
  }
  emp_status run_verify() {
    const emp_cancel stop = cancel();
    return emp_index_verify(index_->core, &stop);
  }
  emp_status run_warm() {
    const emp_cancel stop = cancel();
    return emp_index_warm(index_->core, &stop);
  }
  emp_status run_save() {
    const emp_cancel stop = cancel();
    const emp_writer writer = {write_to_descriptor, &descriptor_};
    return emp_snapshot_save(snapshot_, &writer, &stop);
  }

  Task task_ = nullptr;
  Shared<Index> index_;
  Addition addition_;
  emp_snapshot* snapshot_ = nullptr;
  uint64_t room_ = 0;
  int descriptor_ = -1, more_ = 0;
};

// Arguments: path. Maps the file and checks its structure. It runs on this thread, because both are as fast for any
// size.
Napi::Value open_index(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) return fail(env, "expected a path"), env.Undefined();
  Mapping* mapping = Mapping::open(info[0].As<Napi::String>().Utf8Value().c_str());
  if (mapping == nullptr) return fail(env, "the file cannot be mapped", "ERR_EMPREINTE_READ"), env.Undefined();
  Shared<Index> index(new Index);
  const emp_file file = {mapping->data(), mapping->size(), Mapping::release, Mapping::resident, mapping};
  const emp_status status = emp_index_open(&file, &index->core);
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  return wrap(env, std::move(index));
}

}  // namespace

void add_index(Napi::Env env, Napi::Object exports) {
  exports.Set("createIndex", Napi::Function::New(env, create_index, "createIndex"));
  exports.Set("openIndex", Napi::Function::New(env, open_index, "openIndex"));
  exports.Set("closeIndex", Napi::Function::New(env, close_index, "closeIndex"));
  exports.Set("indexAdd", Napi::Function::New(env, index_add, "indexAdd"));
  exports.Set("indexAddMany", Napi::Function::New(env, IndexJob::add, "indexAddMany"));
  exports.Set("indexRemove", Napi::Function::New(env, index_remove, "indexRemove"));
  exports.Set("indexReplace", Napi::Function::New(env, index_replace, "indexReplace"));
  exports.Set("indexHas", Napi::Function::New(env, index_has, "indexHas"));
  exports.Set("indexHashes", Napi::Function::New(env, index_hashes, "indexHashes"));
  exports.Set("indexStats", Napi::Function::New(env, index_stats, "indexStats"));
  exports.Set("indexWantsMaintenance", Napi::Function::New(env, index_wants_maintenance, "indexWantsMaintenance"));
  exports.Set("indexFlush", Napi::Function::New(env, index_flush, "indexFlush"));
  exports.Set("indexMaintain", Napi::Function::New(env, IndexJob::maintain, "indexMaintain"));
  exports.Set("indexVerify", Napi::Function::New(env, IndexJob::verify, "indexVerify"));
  exports.Set("indexWarm", Napi::Function::New(env, IndexJob::warm, "indexWarm"));
  exports.Set("indexSave", Napi::Function::New(env, IndexJob::save, "indexSave"));
}

}  // namespace binding
