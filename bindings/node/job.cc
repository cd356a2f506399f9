#include "job.h"

#include <memory>
#include <utility>

namespace binding {

emp_cancel Job::cancel() const {
  if (!cancel_) return {nullptr, nullptr};
  return {
      [](void* context) { return static_cast<Cancel*>(context)->requested.load(std::memory_order_relaxed) ? 1 : 0; },
      &*cancel_};
}

void Job::execute(napi_env, void* data) {
  Job* job = static_cast<Job*>(data);
  job->status_ = job->run();
}

// Returns whether the environment still runs JavaScript. If not, it refuses every call that would.
static bool alive(napi_env env) {
  napi_value undefined, coerced;
  return napi_get_undefined(env, &undefined) == napi_ok && napi_coerce_to_bool(env, undefined, &coerced) == napi_ok;
}

bool Job::queue(napi_env env) {
  napi_value name;
  return napi_create_string_utf8(env, "empreinte", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_async_work(env, nullptr, name, execute, complete, this, &work_) == napi_ok &&
         napi_queue_async_work(env, work_) == napi_ok;
}

// Resolves or rejects the promise.
void Job::deliver(napi_env env) {
  napi_value value = nullptr, code = nullptr, message = nullptr;
  if (status_ == EMP_OK) {
    value = result(env);
    if (value != nullptr) napi_resolve_deferred(env, deferred_, value);
  } else if (napi_create_string_utf8(env, code_of(status_), NAPI_AUTO_LENGTH, &code) == napi_ok &&
             napi_create_string_utf8(env, emp_status_message(status_), NAPI_AUTO_LENGTH, &message) == napi_ok &&
             napi_create_error(env, code, message, &value) == napi_ok) {
    napi_reject_deferred(env, deferred_, value);
  }
}

void Job::complete(napi_env env, napi_status status, void* data) {
  std::unique_ptr<Job> job(static_cast<Job*>(data));
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) == napi_ok) {
    if (job->status_ == EMP_OK && status == napi_cancelled) job->status_ = EMP_CANCELLED;
    if (job->status_ == EMP_OK && job->again() && alive(env)) {
      napi_delete_async_work(env, std::exchange(job->work_, nullptr));
      const bool queued = job->queue(env);
      if (!queued) job->status_ = EMP_OUT_OF_MEMORY;
      if (queued) {
        napi_close_handle_scope(env, scope);
        static_cast<void>(job.release());
        return;
      }
    }
    job->deliver(env);
    napi_close_handle_scope(env, scope);
  }
  if (job->kept_ != nullptr) napi_delete_reference(env, job->kept_);
  if (job->work_ != nullptr) napi_delete_async_work(env, job->work_);
}

static constexpr char kNotQueued[] = "the work could not be queued", kOutOfMemory[] = "ERR_EMPREINTE_OUT_OF_MEMORY";

Napi::Value Job::start(Job* raw, Napi::Env env, const Napi::Value& cancel) {
  std::unique_ptr<Job> job(raw);
  napi_value promise;
  bool queued = job->accept(cancel);
  if (queued && napi_create_promise(env, &job->deferred_, &promise) != napi_ok)
    queued = fail(env, kNotQueued, kOutOfMemory);
  if (queued && job->at_once(&job->status_)) {
    job->deliver(env);
    if (job->kept_ != nullptr) napi_delete_reference(env, job->kept_);
    return {env, promise};
  }
  if (queued && !job->queue(env)) queued = fail(env, kNotQueued, kOutOfMemory);
  if (!queued) {
    if (job->work_ != nullptr) napi_delete_async_work(env, job->work_);
    if (job->kept_ != nullptr) napi_delete_reference(env, job->kept_);
    return {};
  }
  static_cast<void>(job.release());
  return {env, promise};
}

}  // namespace binding
