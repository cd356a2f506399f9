// Variants of a query: makeVariants, variantStage, alignVariants, closeVariants, and the hash of an id of an index.
#include <memory>
#include <new>

#include "index_handle.h"
#include "module.h"

namespace binding {
namespace {

struct Variants {
  static constexpr napi_type_tag kTag = {0x3e0b9d51c7a84f26, 0xa417be60925dc31f};
  std::atomic<int> references{1};
  emp_variants* core = nullptr;
  // Jobs on one handle come one after the other, but for a caller's mistake, which is refused.
  std::atomic<bool> busy{false};
  ~Variants() { emp_variants_destroy(core); }
};

constexpr size_t kNumbers = 12;  // of a variant: x and y of four corners, kind, turned, quality, stable

// {hashes, numbers}, or undefined for none.
napi_value variants_object(napi_env env, const emp_variant* variants, size_t count) {
  if (count == 0) return undefined(env);
  void *hashes_data = nullptr, *numbers_data = nullptr;
  napi_value hashes_buffer, numbers_buffer, hashes, numbers, object;
  if (napi_create_arraybuffer(env, EMP_HASH_BYTES * count, &hashes_data, &hashes_buffer) != napi_ok ||
      napi_create_arraybuffer(env, kNumbers * count * sizeof(float), &numbers_data, &numbers_buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, EMP_HASH_BYTES * count, hashes_buffer, 0, &hashes) != napi_ok ||
      napi_create_typedarray(env, napi_float32_array, kNumbers * count, numbers_buffer, 0, &numbers) != napi_ok ||
      napi_create_object(env, &object) != napi_ok)
    return nullptr;
  uint8_t* hash = static_cast<uint8_t*>(hashes_data);
  float* number = static_cast<float*>(numbers_data);
  for (size_t i = 0; i < count; ++i) {
    const emp_variant& v = variants[i];
    std::copy(v.hash, v.hash + EMP_HASH_BYTES, hash + EMP_HASH_BYTES * i);
    for (int k = 0; k < 4; ++k) *number++ = v.view.x[k], *number++ = v.view.y[k];
    *number++ = static_cast<float>(v.view.kind);
    *number++ = static_cast<float>(v.view.turned);
    *number++ = static_cast<float>(v.quality);
    *number++ = static_cast<float>(v.stable);
  }
  const bool set = napi_set_named_property(env, object, "hashes", hashes) == napi_ok &&
                   napi_set_named_property(env, object, "numbers", numbers) == napi_ok;
  return set ? object : nullptr;
}

// A job on a handle, which no other job may use meanwhile.
class VariantsJob : public Job {
 public:
  ~VariantsJob() override {
    if (held_) handle_->busy.store(false, std::memory_order_release);
  }

 protected:
  bool hold(const Napi::Value& value) {
    if (!unwrap(value, &handle_)) return false;
    if (handle_->core == nullptr) return fail(value.Env(), "the variants are closed");
    held_ = !handle_->busy.exchange(true, std::memory_order_acquire);
    return held_ || fail(value.Env(), "the variants are in use");
  }
  napi_value result(napi_env env) override { return variants_object(env, out_.get(), count_); }

  Shared<Variants> handle_;
  std::unique_ptr<emp_variant[]> out_;
  size_t count_ = 0;

 private:
  bool held_ = false;
};

// handle, stage, cancel
class StageJob : public VariantsJob {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<StageJob>(new StageJob);
    uint32_t stage;
    if (!job->hold(info[0]) || !read_uint32(info[1], &stage)) return info.Env().Undefined();
    job->stage_ = static_cast<emp_variant_stage>(stage);
    job->out_.reset(new (std::nothrow) emp_variant[EMP_STAGE_MOST]);
    if (!job->out_) return fail(info.Env(), EMP_OUT_OF_MEMORY), info.Env().Undefined();
    return Job::start(job.release(), info.Env(), info[2]);
  }

 protected:
  emp_status run() override {
    const emp_cancel asked = cancel();
    return emp_variants_stage(handle_->core, stage_, &asked, out_.get(), &count_);
  }

 private:
  emp_variant_stage stage_ = EMP_STAGE_TURNED;
};

// handle, views (10 numbers each: corners, kind, turned), targets (32 bytes each), cancel. Without targets the views
// are hashed: as originals of the size `side`.
class AlignJob : public VariantsJob {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto job = std::unique_ptr<AlignJob>(new AlignJob);
    Bytes targets = {nullptr, 0};
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    if (!job->hold(info[0]) || (!info[2].IsUndefined() && !read_bytes(info[2], &targets)) ||
        !read_uint32(info[3], &job->side_))
      return env.Undefined();
    if (!info[1].IsTypedArray() ||
        napi_get_typedarray_info(env, info[1], &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_float32_array || length % kView != 0)
      return fail(env, "expected ten numbers a view"), env.Undefined();
    const size_t count = length / kView;
    if (targets.data != nullptr && targets.size != EMP_HASH_BYTES * count)
      return fail(env, "expected a hash for each view"), env.Undefined();
    job->views_.reset(new (std::nothrow) emp_view[count + 1]);
    job->out_.reset(new (std::nothrow) emp_variant[count + 1]);
    job->targets_.reset(new (std::nothrow) uint8_t[targets.size + 1]);
    if (!job->views_ || !job->out_ || !job->targets_) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
    const float* number = static_cast<const float*>(data);
    for (size_t i = 0; i < count; ++i, number += kView) {
      emp_view& view = job->views_[i];
      for (int k = 0; k < 4; ++k) view.x[k] = number[2 * k], view.y[k] = number[2 * k + 1];
      view.kind = number[8] >= 0 && number[8] <= 255 ? static_cast<uint32_t>(number[8]) : 0;
      view.turned = number[9] >= 0 && number[9] < 8 ? static_cast<uint32_t>(number[9]) : 0;
    }
    job->aligns_ = targets.data != nullptr;
    if (job->aligns_) std::copy(targets.data, targets.data + targets.size, job->targets_.get());
    job->wanted_ = count;
    return Job::start(job.release(), env, info[4]);
  }

 protected:
  // One view a turn on the pool's thread; one that cannot be sampled comes back as quality 0.
  emp_status run() override {
    if (count_ == wanted_) return EMP_OK;
    const emp_cancel asked = cancel();
    if (asked.poll != nullptr && asked.poll(asked.context)) return EMP_CANCELLED;
    emp_variant* out = &out_[count_];
    const emp_view* view = &views_[count_];
    const emp_status status =
        aligns_ ? emp_variants_align(handle_->core, view, targets_.get() + EMP_HASH_BYTES * count_, out)
                : emp_variants_hash(handle_->core, view, side_, out);
    if (status == EMP_BAD_GEOMETRY) *out = {*view, {}, 0, 0};
    if (status != EMP_OK && status != EMP_BAD_GEOMETRY) return status;
    ++count_;
    return EMP_OK;
  }
  bool again() const override { return count_ < wanted_; }

 private:
  static constexpr size_t kView = 10;
  std::unique_ptr<emp_view[]> views_;
  std::unique_ptr<uint8_t[]> targets_;
  size_t wanted_ = 0;
  uint32_t side_ = 0;
  bool aligns_ = false;
};

// pixels, width, height, channels, stride, kernel, ours, cancel: a handle. `ours`: nobody else holds the buffer.
class MakeJob : public Job {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto job = std::unique_ptr<MakeJob>(new MakeJob);
    Bytes bytes;
    uint32_t stride;
    emp_pixels& pixels = job->pixels_;
    if (!read_bytes(info[0], &bytes) || !read_uint32(info[1], &pixels.width) || !read_uint32(info[2], &pixels.height) ||
        !read_uint32(info[3], &pixels.channels) || !read_uint32(info[4], &stride) ||
        !read_kernel(info[5], &job->kernel_) || !read_bool(info[6], &job->takes_))
      return env.Undefined();
    pixels.data = bytes.data, pixels.size = bytes.size, pixels.stride = stride;
    const emp_status status = emp_pixels_check(&pixels);
    if (status != EMP_OK) return fail(env, status), env.Undefined();
    job->keep(info[0]);
    return Job::start(job.release(), env, info[7]);
  }

 protected:
  emp_status run() override {
    made_ = Shared<Variants>(new (std::nothrow) Variants);
    if (!made_) return EMP_OUT_OF_MEMORY;
    return emp_variants_create(&pixels_, kernel_, &made_->core);
  }
  napi_value result(napi_env env) override {
    if (takes_) forget(env);
    return wrap(Napi::Env(env), made_);
  }

 private:
  // Megabytes that are of no use any more need not wait for the collector, nor drive it: that took a quarter of
  // findCopies. A piece of Node's pool, which others have pieces of, is always less than half of it.
  void forget(napi_env env) const {
    napi_value samples, buffer;
    size_t size = 0, all = 0;
    if (kept(env, &samples) &&
        napi_get_typedarray_info(env, samples, nullptr, &size, nullptr, &buffer, nullptr) == napi_ok &&
        napi_get_arraybuffer_info(env, buffer, nullptr, &all) == napi_ok && size > all / 2)
      (void)napi_detach_arraybuffer(env, buffer);
  }

  emp_pixels pixels_ = {};
  const emp_kernel* kernel_ = nullptr;
  bool takes_ = false;
  Shared<Variants> made_;
};

// Frees the picture now, not when the handle is collected. Not while a job uses it.
void close(const Napi::CallbackInfo& info) {
  Shared<Variants> handle;
  if (!unwrap(info[0], &handle) || handle->busy.exchange(true, std::memory_order_acquire)) return;
  emp_variants_destroy(handle->core);
  handle->core = nullptr;
  handle->busy.store(false, std::memory_order_release);
}

Napi::Value flatness(const Napi::CallbackInfo& info) {
  Shared<Variants> handle;
  if (!unwrap(info[0], &handle) || handle->core == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), emp_variants_flatness(handle->core));
}

// index, ids: 32 bytes each, zeros where there is no such id.
Napi::Value index_hashes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Index> index;
  napi_typedarray_type type;
  size_t length = 0;
  void* ids = nullptr;
  if (!unwrap(info[0], &index)) return env.Undefined();
  if (!info[1].IsTypedArray() ||
      napi_get_typedarray_info(env, info[1], &type, &length, &ids, nullptr, nullptr) != napi_ok ||
      type != napi_float64_array)
    return fail(env, "expected a Float64Array"), env.Undefined();
  void* data = nullptr;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, EMP_HASH_BYTES * length, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, EMP_HASH_BYTES * length, buffer, 0, &array) != napi_ok)
    return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
  uint8_t* out = static_cast<uint8_t*>(data);
  for (size_t i = 0; i < length; ++i) {
    const double id = static_cast<const double*>(ids)[i];
    if (id >= 0 && id < 9007199254740992.0)
      emp_index_get(index->core, static_cast<uint64_t>(id), out + EMP_HASH_BYTES * i);
  }
  return {env, array};
}

}  // namespace

void add_variants(Napi::Env env, Napi::Object exports) {
  exports.Set("makeVariants", Napi::Function::New(env, MakeJob::queue, "makeVariants"));
  exports.Set("variantStage", Napi::Function::New(env, StageJob::queue, "variantStage"));
  exports.Set("alignVariants", Napi::Function::New(env, AlignJob::queue, "alignVariants"));
  exports.Set("flatness", Napi::Function::New(env, flatness, "flatness"));
  exports.Set("closeVariants", Napi::Function::New(env, close, "closeVariants"));
  exports.Set("indexHashes", Napi::Function::New(env, index_hashes, "indexHashes"));
}

}  // namespace binding
