#pragma once
#include "args.h"

namespace binding {

// Each adds its functions to the module's exports.
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
