// Arguments from JavaScript, checked. Every reader throws a JavaScript exception and returns false when an argument
// does not fit. The TypeScript callers check first and report errors better; this is the last check before memory.
//
// A Worker may be terminated during a call. From then on most of Node-API refuses, and the wrappers of node-addon-api
// return empty values, whose use is a null pointer or ends the process. So this file and the others check the status of
// every call that may be refused.
#pragma once
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED
#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

#include "../../native/empreinte.h"

namespace binding {

inline bool fail(Napi::Env env, const char* message, const char* code = "ERR_EMPREINTE_INVALID_ARGUMENT") {
  // Node-API refuses this when an exception is pending already or nobody could catch it.
  napi_throw_type_error(env, code, message);
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
    case EMP_BAD_RECORD:
    case EMP_TRUNCATED_RECORD:
    case EMP_NEWER_RECORD:
      return "ERR_EMPREINTE_LOCAL_RECORD";
    case EMP_OTHER_TABLE:
      return "ERR_EMPREINTE_LOCAL_TABLE";
    default:
      return "ERR_EMPREINTE_INVALID_ARGUMENT";
  }
}

inline bool fail(Napi::Env env, emp_status status) { return fail(env, emp_status_message(status), code_of(status)); }

// The bytes of a typed array over an ordinary ArrayBuffer. They are valid until JavaScript runs again.
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

inline bool read_double(const Napi::Value& value, double* out) {
  return napi_get_value_double(value.Env(), value, out) == napi_ok || fail(value.Env(), "expected a number");
}

inline napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

// A property of an object, undefined when it is absent.
inline Napi::Value property(const Napi::Value& object, const char* name) {
  napi_value value = nullptr;
  if (napi_get_named_property(object.Env(), object, name, &value) != napi_ok) value = undefined(object.Env());
  return {object.Env(), value};
}

// The options object of a call. A property that is absent or undefined leaves its variable as it was. When the whole
// object is undefined nothing is read, so that a call without options costs no property access.
class Options {
 public:
  // Returns false with an exception pending when `value` is neither undefined nor an object.
  bool open(const Napi::Value& value) {
    if (value.IsUndefined()) return true;
    if (!value.IsObject()) return fail(value.Env(), "expected an object of options");
    object_ = value;
    return true;
  }
  bool read(const char* name, uint32_t* out) const { return read_by(name, read_uint32, out); }
  bool read(const char* name, bool* out) const { return read_by(name, read_bool, out); }
  bool read(const char* name, double* out) const { return read_by(name, read_double, out); }
  bool read(const char* name, Bytes* out) const { return read_by(name, read_bytes, out); }
  // The kernel of that name, or the best supported one when there is no such property.
  bool read(const char* name, const emp_kernel** out) const {
    if (object_.IsEmpty()) return emp_kernel_find(nullptr, out) == EMP_OK;
    return read_kernel(property(object_, name), out);
  }
  // A number that stands for a value of an enumeration. The core rejects numbers that have no name.
  template <class Enum>
  requires std::is_enum_v<Enum>
  bool read(const char* name, Enum* out) const {
    uint32_t number = static_cast<uint32_t>(*out);
    if (!read(name, &number)) return false;
    *out = static_cast<Enum>(number);
    return true;
  }

 private:
  template <class T>
  bool read_by(const char* name, bool (*reader)(const Napi::Value&, T*), T* out) const {
    if (object_.IsEmpty()) return true;
    const Napi::Value value = property(object_, name);
    return value.IsUndefined() || reader(value, out);
  }
  Napi::Value object_;
};

// Reads {data, width, height, channels, stride}. `array` receives the typed array, for callers that keep it alive.
inline bool read_pixels(const Napi::Value& value, emp_pixels* out, Napi::Value* array = nullptr) {
  if (!value.IsObject()) return fail(value.Env(), "expected pixels");
  Bytes bytes;
  uint32_t stride = 0;
  const Napi::Value data = property(value, "data");
  if (array != nullptr) *array = data;
  if (!read_bytes(data, &bytes) || !read_uint32(property(value, "width"), &out->width) ||
      !read_uint32(property(value, "height"), &out->height) ||
      !read_uint32(property(value, "channels"), &out->channels) || !read_uint32(property(value, "stride"), &stride))
    return false;
  out->data = bytes.data, out->size = bytes.size, out->stride = stride;
  return true;
}

}  // namespace binding
