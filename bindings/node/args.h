// Arguments from JavaScript, checked. Every reader throws a JavaScript exception and answers false when one does not
// fit: the TypeScript faces check first and say it better, this is what stands between a mistake there and memory.
//
// A call may be under way when its Worker is terminated. From then on most of Node-API refuses, and the wrappers of
// node-addon-api answer empty values, whose use is a null pointer or ends the process: what can be refused is called
// with its status checked, here and in the other files.
#pragma once
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "../../native/empreinte.h"

namespace binding {

inline bool fail(Napi::Env env, const char* message, const char* code = "ERR_EMPREINTE_INVALID_ARGUMENT") {
  napi_throw_type_error(env, code, message);  // refused where an exception is pending already, or nobody could catch it
  return false;
}

inline const char* code_of(emp_status status) {
  switch (status) {
    case EMP_CANCELLED:
      return "ERR_EMPREINTE_CANCELLED";
    case EMP_OUT_OF_MEMORY:
      return "ERR_EMPREINTE_OUT_OF_MEMORY";
    case EMP_BAD_HASH_LENGTH:
    case EMP_BAD_HASH_CHARACTER:
      return "ERR_EMPREINTE_INVALID_HASH";
    case EMP_DUPLICATE_ID:
      return "ERR_EMPREINTE_DUPLICATE_ID";
    case EMP_UNKNOWN_ID:
      return "ERR_EMPREINTE_UNKNOWN_ID";
    case EMP_FOREIGN_FILE:
    case EMP_NEWER_FILE:
    case EMP_OLDER_FILE:
    case EMP_CORRUPT_FILE:
      return "ERR_EMPREINTE_INDEX_FILE";
    case EMP_WRITE_FAILED:
      return "ERR_EMPREINTE_WRITE";
    default:
      return "ERR_EMPREINTE_INVALID_ARGUMENT";
  }
}

inline bool fail(Napi::Env env, emp_status status) { return fail(env, emp_status_message(status), code_of(status)); }

// A view of bytes over an ordinary ArrayBuffer. Valid until JavaScript runs again.
struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

inline bool read_bytes(const Napi::Value& value, Bytes* out) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (!value.IsTypedArray() ||
      napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      (type != napi_uint8_array && type != napi_uint8_clamped_array))
    return fail(value.Env(), "expected a Uint8Array");
  *out = {static_cast<const uint8_t*>(data), length};
  return true;
}

inline bool read_uint32(const Napi::Value& value, uint32_t* out) {
  if (!value.IsNumber()) return fail(value.Env(), "expected a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= 4294967295.0) || number != std::floor(number))
    return fail(value.Env(), "expected a whole number below 2^32");
  *out = static_cast<uint32_t>(number);
  return true;
}

inline bool read_bool(const Napi::Value& value, bool* out) {
  return napi_get_value_bool(value.Env(), value, out) == napi_ok || fail(value.Env(), "expected a boolean");
}

inline bool read_kernel(const Napi::Value& value, const emp_kernel** out) {
  std::string name;
  if (!value.IsUndefined()) {
    if (!value.IsString()) return fail(value.Env(), "expected the name of a kernel");
    name = value.As<Napi::String>().Utf8Value();
  }
  return emp_kernel_find(name.c_str(), out) == EMP_OK || fail(value.Env(), EMP_BAD_KERNEL);
}

inline napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

}  // namespace binding
