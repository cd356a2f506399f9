// What a child writes, for JavaScript. Woken for every piece (there are 29 of a frame of 720p), its thread had no time
// for anything else; looking now and then instead, it let the child wait. So a thread of the core reads, and this calls
// once for a frame, and once when a line has been said.
#include "handle.h"
#include "module.h"
#include "output_reader.h"

namespace binding {
namespace {

#if defined(__linux__)

struct Outputs {
  static constexpr napi_type_tag kTag = {0x1d7a90c46be34f52, 0xb08e5f2374c61a9d};
  std::atomic<int> references{1};
  OutputReader reader;
  napi_ref kept = nullptr;  // the memory that is filled
  napi_threadsafe_function news = nullptr;

  void stop(napi_env env) {
    reader.stop();
    if (kept != nullptr) napi_delete_reference(env, kept);
    kept = nullptr;
  }
};

void called(napi_env env, napi_value news, void* context, void*) {
  if (env == nullptr) return;
  (*static_cast<Shared<Outputs>*>(context))->reader.called();
  napi_value none;
  if (napi_get_undefined(env, &none) == napi_ok) napi_call_function(env, none, news, 0, nullptr, nullptr);
}

// After close_outputs, or with the environment.
void released(napi_env env, void*, void* context) {
  auto* outputs = static_cast<Shared<Outputs>*>(context);
  (*outputs)->stop(env);
  delete outputs;
}

bool start(napi_env env, napi_value listener, const Shared<Outputs>& outputs) {
  napi_value name;
  if (napi_create_string_utf8(env, "empreinte", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  auto* held = new Shared<Outputs>(outputs);
  if (napi_create_threadsafe_function(env, listener, nullptr, name, 0, 1, held, released, held, called,
                                      &outputs->news) != napi_ok) {
    delete held;
    return false;
  }
  const auto call = [](void* news) {
    return napi_call_threadsafe_function(static_cast<napi_threadsafe_function>(news), nullptr, napi_tsfn_nonblocking) ==
           napi_ok;
  };
  if (outputs->reader.start(call, outputs->news)) return true;
  napi_release_threadsafe_function(outputs->news, napi_tsfn_abort);
  return false;
}

Napi::Value number(napi_env env, int value) {
  napi_value held;
  return napi_create_int32(env, value, &held) == napi_ok ? Napi::Value(env, held) : Napi::Env(env).Undefined();
}

bool set(napi_env env, napi_value object, const char* name, napi_value value) {
  return value != nullptr && napi_set_named_property(env, object, name, value) == napi_ok;
}

// listener: {outputs, output, errors}, the last two descriptors for a child; undefined when there are no more of them.
Napi::Value open_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) return fail(env, "expected a function"), env.Undefined();
  Shared<Outputs> outputs(new Outputs);
  OutputReader& reader = outputs->reader;
  napi_value object;
  if (reader.open() && napi_create_object(env, &object) == napi_ok &&
      set(env, object, "output", number(env, reader.output())) &&
      set(env, object, "errors", number(env, reader.errors())) && set(env, object, "outputs", wrap(env, outputs)) &&
      start(env, info[0], outputs))
    return {env, object};
  return env.Undefined();
}

// outputs: the child has its ends, or will not start: nobody else holds them open.
Napi::Value hand_outputs(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  if (unwrap(info[0], &outputs)) outputs->reader.hand_over();
  return info.Env().Undefined();
}

// outputs, bytes: fills them with samples, and calls when that is done. Nobody else may have the memory meanwhile.
Napi::Value fill_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  Bytes bytes;
  if (!unwrap(info[0], &outputs) || !read_bytes(info[1], &bytes) || !outputs->reader.running()) return env.Undefined();
  napi_ref kept;
  if (napi_create_reference(env, info[1], 1, &kept) != napi_ok) return env.Undefined();
  if (outputs->reader.fill(const_cast<uint8_t*>(bytes.data), bytes.size)) {
    std::swap(outputs->kept, kept);
  } else {
    fail(env, "expected nothing that is being filled");
  }
  if (kept != nullptr) napi_delete_reference(env, kept);
  return env.Undefined();
}

// outputs: 1 when what was to be filled is full, -1 when no more comes, else 0.
Napi::Value filled_outputs(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  if (!unwrap(info[0], &outputs)) return info.Env().Undefined();
  return number(info.Env(), outputs->reader.running() ? outputs->reader.filled() : -1);
}

// outputs, listening: whether to call when something has been said.
Napi::Value listen_outputs(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  bool listening;
  if (unwrap(info[0], &outputs) && read_bool(info[1], &listening)) outputs->reader.listen(listening);
  return info.Env().Undefined();
}

// outputs, bytes: how many of what has been said were copied there; -1 when there is no more to come.
Napi::Value hear_outputs(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  Bytes bytes;
  if (!unwrap(info[0], &outputs) || !read_bytes(info[1], &bytes)) return info.Env().Undefined();
  OutputReader& reader = outputs->reader;
  return number(info.Env(), reader.running() ? reader.hear(const_cast<uint8_t*>(bytes.data), bytes.size) : -1);
}

// outputs: whether samples have come that nobody has asked for.
Napi::Value unasked_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  if (!unwrap(info[0], &outputs)) return env.Undefined();
  napi_value answer;
  const bool some = outputs->reader.running() && outputs->reader.unasked();
  return napi_get_boolean(env, some, &answer) == napi_ok ? Napi::Value(env, answer) : env.Undefined();
}

// outputs: whoever writes hears of it. No call comes afterwards.
Napi::Value close_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  if (unwrap(info[0], &outputs) && outputs->reader.running()) {
    outputs->stop(env);
    napi_release_threadsafe_function(outputs->news, napi_tsfn_abort);
  }
  return env.Undefined();
}

#else

// Elsewhere there is none, so that the others are never called.
Napi::Value open_outputs(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }
constexpr auto hand_outputs = open_outputs, fill_outputs = open_outputs, filled_outputs = open_outputs,
               listen_outputs = open_outputs, hear_outputs = open_outputs, unasked_outputs = open_outputs,
               close_outputs = open_outputs;

#endif

}  // namespace

void add_outputs(Napi::Env env, Napi::Object exports) {
  exports.Set("openOutputs", Napi::Function::New(env, open_outputs, "openOutputs"));
  exports.Set("handOutputs", Napi::Function::New(env, hand_outputs, "handOutputs"));
  exports.Set("fillOutputs", Napi::Function::New(env, fill_outputs, "fillOutputs"));
  exports.Set("filledOutputs", Napi::Function::New(env, filled_outputs, "filledOutputs"));
  exports.Set("listenOutputs", Napi::Function::New(env, listen_outputs, "listenOutputs"));
  exports.Set("hearOutputs", Napi::Function::New(env, hear_outputs, "hearOutputs"));
  exports.Set("unaskedOutputs", Napi::Function::New(env, unasked_outputs, "unaskedOutputs"));
  exports.Set("closeOutputs", Napi::Function::New(env, close_outputs, "closeOutputs"));
}

}  // namespace binding
