// Native objects that JavaScript holds. Each is an external with a type tag, so that a wrong object is an error and not
// a crash. They are shared, because a job may outlive the JavaScript object.
#pragma once
#include <atomic>
#include <utility>

#include "args.h"

namespace binding {

// An intrusive count: std::shared_ptr would raise the glibc this addon needs (through __libc_single_threaded).
template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T* object) : object_(object) {}
  Shared(const Shared& other) : object_(other.object_) {
    if (object_) object_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Shared(Shared&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Shared() {
    if (object_ && object_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete object_;
  }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

// T has `std::atomic<int> references{1}` and `static constexpr napi_type_tag kTag`.
template <class T>
Napi::Value wrap(Napi::Env env, Shared<T> object) {
  auto* held = new Shared<T>(std::move(object));
  napi_value external = nullptr;
  const auto release = [](napi_env, void* p, void*) { delete static_cast<Shared<T>*>(p); };
  if (napi_create_external(env, held, release, nullptr, &external) != napi_ok) {
    delete held;
    return fail(env, EMP_OUT_OF_MEMORY), Napi::Value();
  }
  if (napi_type_tag_object(env, external, &T::kTag) != napi_ok) return fail(env, EMP_OUT_OF_MEMORY), Napi::Value();
  return {env, external};
}

template <class T>
bool unwrap(const Napi::Value& value, Shared<T>* out) {
  bool tagged = false;
  void* held = nullptr;
  if (!value.IsExternal() || napi_check_object_type_tag(value.Env(), value, &T::kTag, &tagged) != napi_ok || !tagged ||
      napi_get_value_external(value.Env(), value, &held) != napi_ok || held == nullptr)
    return fail(value.Env(), "expected a handle made by this addon");
  *out = *static_cast<Shared<T>*>(held);
  return true;
}

}  // namespace binding
