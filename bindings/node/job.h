// The one class of asynchronous work. A job owns (or keeps alive) everything it reads, runs off the JavaScript thread,
// and resolves or rejects one promise.
//
// When a Worker is terminated during a job, Node waits for the thread and then calls back into an environment that can
// no longer run JavaScript. There the status of every call is checked, and the job is freed silently.
// (Napi::AsyncWorker throws at that point, which ends the whole process.)
#pragma once
#include "handle.h"

namespace binding {

// A token that JavaScript sets and the core polls.
struct Cancel {
  static constexpr napi_type_tag kTag = {0x7c1f5a0e3d5b4c11, 0x9a61f0c2d7e84b01};
  std::atomic<int> references{1};
  std::atomic<bool> requested{false};
};

class Job {
 public:
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Queues the job, which owns itself from then on. `cancel` may be undefined. Returns the promise, or an empty value
  // with a JavaScript exception pending.
  static Napi::Value start(Job* raw, Napi::Env env, const Napi::Value& cancel);

 protected:
  Job() = default;
  // Does the work on another thread, where no Node-API call is allowed.
  virtual emp_status run() = 0;
  // Does the work on the JavaScript thread, where that takes less than another thread takes to begin. Returns whether
  // it is done, with its status. Otherwise run() does what is left of it.
  virtual bool at_once(emp_status*) { return false; }
  // Returns whether the job is queued once more. It is called on the JavaScript thread after run() returned EMP_OK.
  virtual bool again() const { return false; }
  // Makes the result, on the JavaScript thread, after run() returned EMP_OK. It is null when the environment no longer
  // runs JavaScript.
  virtual napi_value result(napi_env env) = 0;

  // Takes the handle of a cancel that run() needs before start() does. Returns false with an exception pending.
  bool accept(const Napi::Value& cancel) { return cancel.IsUndefined() || unwrap(cancel, &cancel_); }
  emp_cancel cancel() const;
  // Keeps a JavaScript object alive until the job is done.
  void keep(const Napi::Value& value) { napi_create_reference(value.Env(), value, 1, &kept_); }
  bool kept(napi_env env, napi_value* value) const {
    return kept_ != nullptr && napi_get_reference_value(env, kept_, value) == napi_ok && *value != nullptr;
  }

 private:
  static void execute(napi_env env, void* data);
  static void complete(napi_env env, napi_status status, void* data);
  bool queue(napi_env env);
  void deliver(napi_env env);
  napi_async_work work_ = nullptr;
  napi_deferred deferred_ = nullptr;
  napi_ref kept_ = nullptr;
  Shared<Cancel> cancel_;
  emp_status status_ = EMP_OK;
};

}  // namespace binding
