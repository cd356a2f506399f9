#pragma once
#include "args.h"

namespace binding {

// Frees the memory of a typed array now, unless the array is less than half of its buffer. Nobody may use it any more.
void release_memory(napi_env env, napi_value array);

// Each adds its functions to the module's exports.
void add_children(Napi::Env env, Napi::Object exports);
void add_folder_lock(Napi::Env env, Napi::Object exports);
void add_hash(Napi::Env env, Napi::Object exports);
void add_values(Napi::Env env, Napi::Object exports);
void add_lists(Napi::Env env, Napi::Object exports);
void add_index(Napi::Env env, Napi::Object exports);
void add_local(Napi::Env env, Napi::Object exports);
void add_local_verify(Napi::Env env, Napi::Object exports);
void add_memory(Napi::Env env, Napi::Object exports);
void add_outputs(Napi::Env env, Napi::Object exports);
void add_search(Napi::Env env, Napi::Object exports);
void add_views(Napi::Env env, Napi::Object exports);
void add_video(Napi::Env env, Napi::Object exports);

}  // namespace binding
