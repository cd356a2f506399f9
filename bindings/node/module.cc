// The addon's exports: kernels, cancelling, and what the other files add. There is no state besides the handles that
// JavaScript holds.
#include "module.h"

#include "job.h"

namespace binding {
namespace {

Napi::Value kernels(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array list = Napi::Array::New(env, emp_kernel_count());
  for (uint32_t i = 0; i < emp_kernel_count(); ++i) {
    const emp_kernel* kernel = emp_kernel_at(i);
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", emp_kernel_name(kernel));
    row.Set("instructions", emp_kernel_instructions(kernel));
    row.Set("supported", emp_kernel_supported(kernel) == 1);
    list.Set(i, row);
  }
  return list;
}

Napi::Value create_cancel(const Napi::CallbackInfo& info) { return wrap(info.Env(), Shared<Cancel>(new Cancel)); }

void cancel(const Napi::CallbackInfo& info) {
  Shared<Cancel> token;
  if (unwrap(info[0], &token) && token) token->requested.store(true, std::memory_order_relaxed);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("kernels", Napi::Function::New(env, kernels, "kernels"));
  exports.Set("createCancel", Napi::Function::New(env, create_cancel, "createCancel"));
  exports.Set("cancel", Napi::Function::New(env, cancel, "cancel"));
  add_children(env, exports);
  add_folder_lock(env, exports);
  add_hash(env, exports);
  add_values(env, exports);
  add_lists(env, exports);
  add_index(env, exports);
  add_local(env, exports);
  add_local_verify(env, exports);
  add_memory(env, exports);
  add_outputs(env, exports);
  add_search(env, exports);
  add_views(env, exports);
  add_video(env, exports);
  return exports;
}

}  // namespace
}  // namespace binding

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return binding::init(env, exports); }
NODE_API_MODULE(empreinte, Init)
