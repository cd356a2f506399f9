// The outputs of a child process, for JavaScript. Reading every piece on the JavaScript thread (29 pieces for a frame
// of 720p) left it no time for anything else, and polling kept the child waiting. So a native thread reads, and calls
// JavaScript once for a frame and once for a line of text.
#include "../handle.h"
#include "../module.h"
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
  (*static_cast<Shared<Outputs>*>(context))->reader.acknowledge();
  napi_value none;
  if (napi_get_undefined(env, &none) == napi_ok) napi_call_function(env, none, news, 0, nullptr, nullptr);
}

// Runs after close_outputs, or when the environment ends.
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

// listener. Returns {outputs, output, errors}; the last two are descriptors for a child. Returns undefined when the
// system has no more descriptors.
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

// outputs. Closes the child's ends here: the child has them, or will not start.
Napi::Value close_child_ends(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  if (unwrap(info[0], &outputs)) outputs->reader.close_child_ends();
  return info.Env().Undefined();
}

// outputs, bytes. Fills the bytes with samples and calls the listener at the end. Nobody else may use the memory until
// then.
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

// outputs. Returns 1 when the bytes are full, -1 when no more samples come, otherwise 0.
Napi::Value read_status(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  if (!unwrap(info[0], &outputs)) return info.Env().Undefined();
  return number(info.Env(), outputs->reader.running() ? outputs->reader.fill_status() : -1);
}

// outputs, listening. Chooses whether a line of text calls the listener.
Napi::Value notify_on_stderr(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  bool listening;
  if (unwrap(info[0], &outputs) && read_bool(info[1], &listening)) outputs->reader.notify_on_text(listening);
  return info.Env().Undefined();
}

// outputs, bytes. Copies text and returns how many bytes, or -1 at its end.
Napi::Value read_stderr(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
  Bytes bytes;
  if (!unwrap(info[0], &outputs) || !read_bytes(info[1], &bytes)) return info.Env().Undefined();
  OutputReader& reader = outputs->reader;
  return number(info.Env(), reader.running() ? reader.read_text(const_cast<uint8_t*>(bytes.data), bytes.size) : -1);
}

// outputs. Returns whether samples have arrived that nobody has requested.
Napi::Value has_unrequested_data(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  if (!unwrap(info[0], &outputs)) return env.Undefined();
  napi_value answer;
  const bool some = outputs->reader.running() && outputs->reader.has_unrequested();
  return napi_get_boolean(env, some, &answer) == napi_ok ? Napi::Value(env, answer) : env.Undefined();
}

// outputs. Closes both channels, which a writing child notices. The listener is not called again.
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

// Elsewhere openOutputs returns undefined, so the other functions are never called.
Napi::Value open_outputs(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }
constexpr auto close_child_ends = open_outputs, fill_outputs = open_outputs, read_status = open_outputs,
               notify_on_stderr = open_outputs, read_stderr = open_outputs, has_unrequested_data = open_outputs,
               close_outputs = open_outputs;

#endif

}  // namespace

void add_outputs(Napi::Env env, Napi::Object exports) {
  exports.Set("openOutputs", Napi::Function::New(env, open_outputs, "openOutputs"));
  exports.Set("closeChildEnds", Napi::Function::New(env, close_child_ends, "closeChildEnds"));
  exports.Set("fillOutputs", Napi::Function::New(env, fill_outputs, "fillOutputs"));
  exports.Set("readStatus", Napi::Function::New(env, read_status, "readStatus"));
  exports.Set("notifyOnStderr", Napi::Function::New(env, notify_on_stderr, "notifyOnStderr"));
  exports.Set("readStderr", Napi::Function::New(env, read_stderr, "readStderr"));
  exports.Set("hasUnrequestedData", Napi::Function::New(env, has_unrequested_data, "hasUnrequestedData"));
  exports.Set("closeOutputs", Napi::Function::New(env, close_outputs, "closeOutputs"));
}

}  // namespace binding
