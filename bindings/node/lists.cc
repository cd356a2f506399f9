// Functions that read lists: createList, listFeed, listFinish and listForm. Each call returns its entries as one batch
// of arrays, so that a list of a million entries does not become a million objects.
#include <cstdlib>
#include <cstring>

#include "handle.h"
#include "module.h"

namespace binding {
namespace {

struct List {
  static constexpr napi_type_tag kTag = {0xd20f5b7719ae4c63, 0xa4c8e1065b3f9d27};
  std::atomic<int> references{1};
  emp_list* core = nullptr;
  ~List() { emp_list_destroy(core); }
};

// The most bytes in one call. With more, the ends of its metadata would not fit into 32 bits.
constexpr size_t kMostBytes = size_t{1} << 30;
constexpr uint32_t kProblems = EMP_LIST_TRIVIAL_PERIODIC + 1;

// A growing array of bytes. Once memory has run out, `failed` is set and nothing is added.
class Growing {
 public:
  Growing() = default;
  Growing(const Growing&) = delete;
  Growing& operator=(const Growing&) = delete;
  ~Growing() { std::free(data_); }

  void add(const void* bytes, size_t count) {
    if (count > capacity_ - size_ && !grow(count)) return;
    if (count > 0) std::memcpy(data_ + size_, bytes, count);
    size_ += count;
  }
  size_t size() const { return size_; }
  const uint8_t* data() const { return data_; }
  bool failed() const { return failed_; }

  napi_value typed_array(napi_env env, napi_typedarray_type type, size_t element) const {
    void* copy = nullptr;
    napi_value buffer, array;
    if (napi_create_arraybuffer(env, size_, &copy, &buffer) != napi_ok) return nullptr;
    if (size_ > 0) std::memcpy(copy, data_, size_);
    return napi_create_typedarray(env, type, size_ / element, buffer, 0, &array) == napi_ok ? array : nullptr;
  }

 private:
  bool grow(size_t count) {
    const size_t wanted = size_ + count + capacity_ + 1024;
    void* larger = failed_ ? nullptr : std::realloc(data_, wanted);
    if (larger == nullptr) return failed_ = true, false;
    data_ = static_cast<uint8_t*>(larger);
    capacity_ = wanted;
    return true;
  }
  uint8_t* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
  bool failed_ = false;
};

struct Batch {
  Growing hashes, lines, metadata, ends, problem_lines, problems;

  emp_list_sink sink() {
    return {this,
            [](void* context, uint64_t line, const uint8_t* hash, const char* text, size_t length) {
              Batch* batch = static_cast<Batch*>(context);
              const double number = static_cast<double>(line);
              batch->hashes.add(hash, EMP_HASH_BYTES);
              batch->lines.add(&number, sizeof(number));
              batch->metadata.add(text, length);
              const uint32_t end = static_cast<uint32_t>(batch->metadata.size());
              batch->ends.add(&end, sizeof(end));
            },
            [](void* context, uint64_t line, emp_list_problem problem) {
              Batch* batch = static_cast<Batch*>(context);
              const double number = static_cast<double>(line);
              const uint8_t reason = static_cast<uint8_t>(problem);
              batch->problem_lines.add(&number, sizeof(number));
              batch->problems.add(&reason, 1);
            }};
  }

  bool failed() const {
    return hashes.failed() || lines.failed() || metadata.failed() || ends.failed() || problem_lines.failed() ||
           problems.failed();
  }

  // There is one string for each kind of problem, however often it occurs.
  napi_value reasons(napi_env env) const {
    napi_value list, texts[kProblems] = {};
    if (napi_create_array_with_length(env, problems.size(), &list) != napi_ok) return nullptr;
    for (size_t i = 0; i < problems.size(); ++i) {
      const uint8_t kind = problems.data()[i];
      const char* message = emp_list_problem_message(static_cast<emp_list_problem>(kind));
      if (texts[kind] == nullptr && napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &texts[kind]) != napi_ok)
        return nullptr;
      if (napi_set_element(env, list, static_cast<uint32_t>(i), texts[kind]) != napi_ok) return nullptr;
    }
    return list;
  }

  Napi::Value value(Napi::Env env) const {
    const struct {
      const char* name;
      napi_value value;
    } fields[] = {
        {"hashes", hashes.typed_array(env, napi_uint8_array, 1)},
        {"lines", lines.typed_array(env, napi_float64_array, sizeof(double))},
        {"metadata", metadata.typed_array(env, napi_uint8_array, 1)},
        {"ends", ends.typed_array(env, napi_uint32_array, sizeof(uint32_t))},
        {"problemLines", problem_lines.typed_array(env, napi_float64_array, sizeof(double))},
        {"problemCodes", problems.typed_array(env, napi_uint8_array, 1)},
        {"problemReasons", reasons(env)},
    };
    napi_value object;
    if (napi_create_object(env, &object) != napi_ok) return {};
    for (const auto& field : fields) {
      if (field.value == nullptr || napi_set_named_property(env, object, field.name, field.value) != napi_ok) return {};
    }
    return {env, object};
  }
};

Napi::Value answer(Napi::Env env, emp_status status, const Batch& batch) {
  if (status == EMP_OK && batch.failed()) status = EMP_OUT_OF_MEMORY;
  if (status != EMP_OK) return fail(env, status), env.Undefined();
  const Napi::Value value = batch.value(env);
  if (value.IsEmpty()) return fail(env, EMP_OUT_OF_MEMORY), env.Undefined();
  return value;
}

// Arguments: allowTrivial.
Napi::Value create_list(const Napi::CallbackInfo& info) {
  bool allow_trivial = false;
  if (!read_bool(info[0], &allow_trivial)) return info.Env().Undefined();
  Shared<List> list(new List);
  const emp_status status = emp_list_create(allow_trivial ? 1 : 0, &list->core);
  if (status != EMP_OK) return fail(info.Env(), status), info.Env().Undefined();
  return wrap(info.Env(), std::move(list));
}

Napi::Value list_feed(const Napi::CallbackInfo& info) {
  Shared<List> list;
  Bytes bytes;
  if (!unwrap(info[0], &list) || !read_bytes(info[1], &bytes)) return info.Env().Undefined();
  if (bytes.size > kMostBytes) return fail(info.Env(), "expected at most 1 GiB at a time"), info.Env().Undefined();
  Batch batch;
  const emp_list_sink sink = batch.sink();
  const emp_status status = emp_list_feed(list->core, bytes.data, bytes.size, &sink);
  return answer(info.Env(), status, batch);
}

Napi::Value list_finish(const Napi::CallbackInfo& info) {
  Shared<List> list;
  if (!unwrap(info[0], &list)) return info.Env().Undefined();
  Batch batch;
  const emp_list_sink sink = batch.sink();
  const emp_status status = emp_list_finish(list->core, &sink);
  return answer(info.Env(), status, batch);
}

Napi::Value list_form(const Napi::CallbackInfo& info) {
  Shared<List> list;
  if (!unwrap(info[0], &list)) return info.Env().Undefined();
  constexpr const char* names[] = {"unknown", "plain", "signals", "signal-csv"};
  return Napi::String::New(info.Env(), names[emp_list_get_form(list->core)]);
}

}  // namespace

void add_lists(Napi::Env env, Napi::Object exports) {
  exports.Set("createList", Napi::Function::New(env, create_list, "createList"));
  exports.Set("listFeed", Napi::Function::New(env, list_feed, "listFeed"));
  exports.Set("listFinish", Napi::Function::New(env, list_finish, "listFinish"));
  exports.Set("listForm", Napi::Function::New(env, list_form, "listForm"));
}

}  // namespace binding
