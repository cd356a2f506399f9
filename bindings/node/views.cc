// Views of a query image: createViews, viewStage, hashViews, alignViews, closeViews and flatness.
#include <memory>
#include <new>

#include "handle.h"
#include "job.h"
#include "module.h"

namespace binding {
namespace {

struct Views {
  static constexpr napi_type_tag kTag = {0x3e0b9d51c7a84f26, 0xa417be60925dc31f};
  std::atomic<int> references{1};
  emp_views* core = nullptr;
  // Only one job may use a handle at a time. A second one is refused.
  std::atomic<bool> busy{false};
  ~Views() { emp_views_destroy(core); }
};

// The numbers of a view: x and y of four corners, kind, orientation. A hashed view has quality, stable and flat as
// well. src/native/view-numbers.ts decodes them.
constexpr size_t kViewNumbers = 10, kNumbers = 13;

// Returns {hashes, numbers}, or undefined for no views.
napi_value views_object(napi_env env, const emp_view_hash* views, size_t count) {
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
    const emp_view_hash& v = views[i];
    std::copy(v.hash, v.hash + EMP_HASH_BYTES, hash + EMP_HASH_BYTES * i);
    for (int k = 0; k < 4; ++k) *number++ = v.view.x[k], *number++ = v.view.y[k];
    *number++ = static_cast<float>(v.view.kind);
    *number++ = static_cast<float>(v.view.orientation);
    *number++ = static_cast<float>(v.quality);
    *number++ = static_cast<float>(v.stable);
    *number++ = static_cast<float>(v.flat);
  }
  const bool set = napi_set_named_property(env, object, "hashes", hashes) == napi_ok &&
                   napi_set_named_property(env, object, "numbers", numbers) == napi_ok;
  return set ? object : nullptr;
}

// A job that reserves a handle.
class ViewsJob : public Job {
 public:
  ~ViewsJob() override {
    if (held_) handle_->busy.store(false, std::memory_order_release);
  }

 protected:
  bool hold(const Napi::Value& value) {
    if (!unwrap(value, &handle_)) return false;
    if (handle_->core == nullptr) return fail(value.Env(), "the views are closed");
    held_ = !handle_->busy.exchange(true, std::memory_order_acquire);
    return held_ || fail(value.Env(), "the views are in use");
  }
  napi_value result(napi_env env) override { return views_object(env, out_.get(), count_); }

  Shared<Views> handle_;
  std::unique_ptr<emp_view_hash[]> out_;
  size_t count_ = 0;

 private:
  bool held_ = false;
};

// Arguments: handle, stage, cancel.
class StageJob : public ViewsJob {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<StageJob>(new StageJob);
    uint32_t stage;
    if (!job->hold(info[0]) || !read_uint32(info[1], &stage)) return info.Env().Undefined();
    job->stage_ = static_cast<emp_view_stage>(stage);
    job->out_.reset(new (std::nothrow) emp_view_hash[EMP_STAGE_MOST]);
    if (!job->out_) return fail(info.Env(), EMP_OUT_OF_MEMORY), info.Env().Undefined();
    return Job::start(job.release(), info.Env(), info[2]);
  }

 protected:
  emp_status run() override {
    const emp_cancel stop = cancel();
    return emp_views_stage(handle_->core, stage_, &stop, out_.get(), &count_);
  }

 private:
  emp_view_stage stage_ = EMP_STAGE_TURNED;
};

// alignViews: handle, views, targets (32 bytes each), cancel. hashViews: handle, views, side, cancel.
class ViewListJob : public ViewsJob {
 public:
  static Napi::Value align(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto job = std::unique_ptr<ViewListJob>(new ViewListJob);
    Bytes targets;
    if (!job->hold(info[0]) || !job->read_views(info[1]) || !read_bytes(info[2], &targets)) return env.Undefined();
    if (targets.size != EMP_HASH_BYTES * job->wanted_)
      return fail(env, "expected a hash for each view"), env.Undefined();
    job->targets_.reset(new (std::nothrow) uint8_t[targets.size + 1]);
    if (!job->targets_) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
    std::copy(targets.data, targets.data + targets.size, job->targets_.get());
    return Job::start(job.release(), env, info[3]);
  }
  static Napi::Value hash(const Napi::CallbackInfo& info) {
    auto job = std::unique_ptr<ViewListJob>(new ViewListJob);
    if (!job->hold(info[0]) || !job->read_views(info[1]) || !read_uint32(info[2], &job->side_))
      return info.Env().Undefined();
    return Job::start(job.release(), info.Env(), info[3]);
  }

 protected:
  // Each turn on the pool handles one view. A view that cannot be sampled comes back with quality 0.
  emp_status run() override {
    if (count_ == wanted_) return EMP_OK;
    const emp_cancel stop = cancel();
    if (stop.poll != nullptr && stop.poll(stop.context)) return EMP_CANCELLED;
    emp_view_hash* out = &out_[count_];
    const emp_view* view = &views_[count_];
    const emp_status status = targets_
                                  ? emp_views_align(handle_->core, view, targets_.get() + EMP_HASH_BYTES * count_, out)
                                  : emp_views_hash(handle_->core, view, side_, out);
    if (status == EMP_BAD_GEOMETRY) *out = {*view, {}, 0, 0, 0};
    if (status != EMP_OK && status != EMP_BAD_GEOMETRY) return status;
    ++count_;
    return EMP_OK;
  }
  bool again() const override { return count_ < wanted_; }

 private:
  bool read_views(const Napi::Value& value) {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    if (!value.IsTypedArray() ||
        napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_float32_array || length % kViewNumbers != 0)
      return fail(value.Env(), "expected ten numbers a view");
    wanted_ = length / kViewNumbers;
    views_.reset(new (std::nothrow) emp_view[wanted_ + 1]);
    out_.reset(new (std::nothrow) emp_view_hash[wanted_ + 1]);
    if (!views_ || !out_) return fail(value.Env(), EMP_OUT_OF_MEMORY);
    const float* number = static_cast<const float*>(data);
    for (size_t i = 0; i < wanted_; ++i, number += kViewNumbers) {
      emp_view& view = views_[i];
      for (int k = 0; k < 4; ++k) view.x[k] = number[2 * k], view.y[k] = number[2 * k + 1];
      view.kind = number[8] >= 0 && number[8] <= 255 ? static_cast<uint32_t>(number[8]) : 0;
      view.orientation = number[9] >= 0 && number[9] < 8 ? static_cast<uint32_t>(number[9]) : 0;
    }
    return true;
  }
  std::unique_ptr<emp_view[]> views_;
  std::unique_ptr<uint8_t[]> targets_;  // null: the views are hashed, not aligned
  size_t wanted_ = 0;
  uint32_t side_ = 0;
};

// pixels, options {kernel, detach}, cancel. Nobody else may write to the buffer meanwhile. With `detach` nobody needs
// it afterwards.
class CreateJob : public Job {
 public:
  static Napi::Value queue(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto job = std::unique_ptr<CreateJob>(new CreateJob);
    Napi::Value data;
    Options options;
    if (!read_pixels(info[0], &job->pixels_, &data) || !options.open(info[1]) ||
        !options.read("kernel", &job->kernel_) || !options.read("detach", &job->detach_))
      return env.Undefined();
    const emp_status status = emp_pixels_check(&job->pixels_);
    if (status != EMP_OK) return fail(env, status), env.Undefined();
    job->keep(data);
    return Job::start(job.release(), env, info[2]);
  }

 protected:
  emp_status run() override {
    made_ = Shared<Views>(new (std::nothrow) Views);
    if (!made_) return EMP_OUT_OF_MEMORY;
    return emp_views_create(&pixels_, kernel_, &made_->core);
  }
  napi_value result(napi_env env) override {
    napi_value samples;
    if (detach_ && kept(env, &samples)) release_memory(env, samples);
    return wrap(Napi::Env(env), made_);
  }

 private:
  emp_pixels pixels_ = {};
  const emp_kernel* kernel_ = nullptr;
  bool detach_ = false;
  Shared<Views> made_;
};

// Frees the working copy now instead of when the handle is collected. It does nothing while a job uses the handle.
void close(const Napi::CallbackInfo& info) {
  Shared<Views> handle;
  if (!unwrap(info[0], &handle) || handle->busy.exchange(true, std::memory_order_acquire)) return;
  emp_views_destroy(handle->core);
  handle->core = nullptr;
  handle->busy.store(false, std::memory_order_release);
}

Napi::Value flatness(const Napi::CallbackInfo& info) {
  Shared<Views> handle;
  if (!unwrap(info[0], &handle) || handle->core == nullptr) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), emp_views_flatness(handle->core));
}

}  // namespace

void add_views(Napi::Env env, Napi::Object exports) {
  exports.Set("createViews", Napi::Function::New(env, CreateJob::queue, "createViews"));
  exports.Set("viewStage", Napi::Function::New(env, StageJob::queue, "viewStage"));
  exports.Set("alignViews", Napi::Function::New(env, ViewListJob::align, "alignViews"));
  exports.Set("hashViews", Napi::Function::New(env, ViewListJob::hash, "hashViews"));
  exports.Set("flatness", Napi::Function::New(env, flatness, "flatness"));
  exports.Set("closeViews", Napi::Function::New(env, close, "closeViews"));
}

}  // namespace binding
