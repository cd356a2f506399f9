// Hash values: text to bytes, distance, and whether a hash is trivial.
#include <cstring>

#include "module.h"

namespace binding {
namespace {

Napi::Value parse_hash(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) return fail(env, "expected a string"), env.Undefined();
  const std::string text = info[0].As<Napi::String>().Utf8Value();
  uint8_t hash[EMP_HASH_BYTES];
  const emp_status status = emp_hash_parse(text.data(), text.size(), hash);
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  void* data = nullptr;
  napi_value buffer, array;
  if (napi_create_arraybuffer(env, sizeof(hash), &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, sizeof(hash), buffer, 0, &array) != napi_ok)
    return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
  std::memcpy(data, hash, sizeof(hash));
  return {env, array};
}

bool read_hash(const Napi::Value& value, Bytes* out) {
  return read_bytes(value, out) && (out->size == EMP_HASH_BYTES || fail(value.Env(), EMP_BAD_HASH_LENGTH));
}

Napi::Value distance(const Napi::CallbackInfo& info) {
  Bytes a, b;
  if (!read_hash(info[0], &a) || !read_hash(info[1], &b)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), emp_hash_distance(a.data, b.data));
}

// Returns the reason as a sentence, or undefined for an ordinary hash.
Napi::Value trivial(const Napi::CallbackInfo& info) {
  Bytes hash;
  if (!read_hash(info[0], &hash)) return info.Env().Undefined();
  const emp_trivial reason = emp_hash_trivial(hash.data);
  if (reason == EMP_TRIVIAL_NONE) return info.Env().Undefined();
  return Napi::String::New(info.Env(), emp_trivial_message(reason));
}

}  // namespace

void add_values(Napi::Env env, Napi::Object exports) {
  exports.Set("parseHash", Napi::Function::New(env, parse_hash, "parseHash"));
  exports.Set("distance", Napi::Function::New(env, distance, "distance"));
  exports.Set("trivialReason", Napi::Function::New(env, trivial, "trivialReason"));
}

}  // namespace binding
