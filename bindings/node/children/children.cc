// Confines the next child process that this thread starts. Node starts children by fork and exec, and has nothing to
// run between the two. So a handler of fork does: it runs in the child, before the program does, and only when this
// thread has prepared it. It writes what it has done to memory that both processes share, because a Node that started
// children in another way would not call it.
#include "../module.h"
#include "file_rules.h"
#include "filter.h"

#if defined(__linux__)
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#endif

namespace binding {
namespace {

#if defined(__linux__)

// What a child has entered. The TypeScript side has the same numbers.
enum : uint32_t { kLimits = 1, kFiles = 2, kCalls = 4 };

struct Confinement {
  double memory_bytes = 0, cpu_seconds = 0;
  pid_t parent = 0;
  std::optional<FileRules> files;
  std::optional<SystemCallFilter> calls;
  std::atomic<uint32_t>* entered = nullptr;  // shared with the child

  ~Confinement() {
    if (entered != nullptr) munmap(entered, sizeof *entered);
  }
};

// A plain pointer, because the handler reads it in children of threads that have never set it.
thread_local Confinement* next = nullptr;

template <class Resource>
bool limit(Resource resource, double wanted) {
  rlimit held;
  if (getrlimit(resource, &held) != 0) return false;
  const rlim_t most = held.rlim_max == RLIM_INFINITY || wanted < static_cast<double>(held.rlim_max)
                          ? static_cast<rlim_t>(wanted)
                          : held.rlim_max;
  const rlimit both = {most, most};
  return setrlimit(resource, &both) == 0;
}

// Uses the stack that this child needs until exec, since afterwards it may not grow any more.
void extend_stack() {
  volatile char page[1 << 16];
  for (size_t at = 0; at < sizeof page; at += 4096) page[at] = 0;
}

// In the child, between fork and exec: only what is safe there.
void enter() {
  Confinement* confinement = next;
  if (confinement == nullptr) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // A parent that ended before that does not end this child any more. One in an outer namespace has the number 0.
  const pid_t parent = getppid();
  if (parent != confinement->parent && parent != 0) _exit(127);
  uint32_t entered = 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    if (confinement->files && confinement->files->enter()) entered |= kFiles;
    if (confinement->calls && confinement->calls->enter()) entered |= kCalls;
  }
  extend_stack();
  const bool all = limit(RLIMIT_CORE, 0) & limit(RLIMIT_FSIZE, 0) & limit(RLIMIT_NOFILE, 256) &
                   limit(RLIMIT_CPU, confinement->cpu_seconds) & limit(RLIMIT_AS, confinement->memory_bytes);
  if (all) entered |= kLimits;
  confinement->entered->store(entered, std::memory_order_relaxed);
}

bool register_handler() {
  static const bool registered = pthread_atfork(nullptr, nullptr, enter) == 0;
  return registered;
}

bool read_paths(const Napi::Value& value, std::vector<std::string>* out) {
  if (!value.IsArray()) return fail(value.Env(), "expected an array of paths");
  uint32_t count = 0;
  if (napi_get_array_length(value.Env(), value, &count) != napi_ok) return false;
  for (uint32_t i = 0; i < count; ++i) {
    napi_value path;
    char text[4096];
    size_t length;
    if (napi_get_element(value.Env(), value, i, &path) != napi_ok ||
        napi_get_value_string_utf8(value.Env(), path, text, sizeof text, &length) != napi_ok)
      return fail(value.Env(), "expected a path");
    out->emplace_back(text, length);
  }
  return true;
}

// {memoryBytes, cpuSeconds, paths?, file?}. Confines the next child that this thread starts. Without paths it may open
// what this process may.
Napi::Value confine_next_child(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto confinement = std::make_unique<Confinement>();
  uint32_t file = 0;
  const Napi::Value paths = property(info[0], "paths"), descriptor = property(info[0], "file");
  std::vector<std::string> readable;
  if (!read_double(property(info[0], "memoryBytes"), &confinement->memory_bytes) ||
      !read_double(property(info[0], "cpuSeconds"), &confinement->cpu_seconds) ||
      (!paths.IsUndefined() && !read_paths(paths, &readable)) ||
      (!descriptor.IsUndefined() && !read_uint32(descriptor, &file)))
    return env.Undefined();
  void* shared = mmap(nullptr, sizeof *confinement->entered, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return env.Undefined();
  confinement->entered = new (shared) std::atomic<uint32_t>(0);
  if (!register_handler()) return env.Undefined();
  confinement->parent = getpid();
  if (!paths.IsUndefined()) {
    confinement->files.emplace(readable, descriptor.IsUndefined() ? -1 : static_cast<int>(file));
    if (SystemCallFilter::exists()) confinement->calls.emplace();
  }
  delete next;
  next = confinement.release();
  return env.Undefined();
}

// Returns what the child has entered that was started since, and leaves the children after it as they are.
Napi::Value entered_confinement(const Napi::CallbackInfo& info) {
  const std::unique_ptr<Confinement> last(std::exchange(next, nullptr));
  const uint32_t entered = last == nullptr ? 0 : last->entered->load(std::memory_order_relaxed);
  napi_value answer;
  return napi_create_uint32(info.Env(), entered, &answer) == napi_ok ? Napi::Value(info.Env(), answer)
                                                                     : info.Env().Undefined();
}

#else

// Elsewhere nothing is confined.
Napi::Value confine_next_child(const Napi::CallbackInfo& info) { return info.Env().Undefined(); }
Napi::Value entered_confinement(const Napi::CallbackInfo& info) {
  napi_value answer;
  return napi_create_uint32(info.Env(), 0, &answer) == napi_ok ? Napi::Value(info.Env(), answer)
                                                               : info.Env().Undefined();
}

#endif

}  // namespace

void add_children(Napi::Env env, Napi::Object exports) {
  exports.Set("confineNextChild", Napi::Function::New(env, confine_next_child, "confineNextChild"));
  exports.Set("enteredConfinement", Napi::Function::New(env, entered_confinement, "enteredConfinement"));
}

}  // namespace binding
