// The settings of glibc's allocator. With another C library, or where another allocator has replaced glibc's, these
// functions change nothing.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "job.h"
#include "module.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace binding {
namespace {

// For the whole process, as the settings are.
std::atomic<bool> tuned{false};

#if defined(__GLIBC__)
// Bytes in blocks that have pages of their own, modulo 2³². <malloc.h> calls mallinfo deprecated; its successor is
// missing before glibc 2.33.
unsigned mapped_bytes() {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  return static_cast<unsigned>(mallinfo().hblkhd);
#pragma GCC diagnostic pop
}

// Returns whether the malloc that this process calls is glibc's, by whether glibc counts a block. A preloaded library
// may have its own, or one that is linked into the program. tcmalloc has its own mallinfo too, which counts no mapped
// bytes.
bool find_glibc_malloc() {
  bool counted = false;
  // Other threads may free as much meanwhile.
  for (int i = 0; i < 3 && !counted; ++i) {
    // More than the 32 MiB up to which a freed block changes glibc's thresholds. No page of it is touched. Through
    // volatile pointers the compiler cannot leave the calls out.
    void* (*volatile allocate)(size_t) = std::malloc;
    void (*volatile release)(void*) = std::free;
    constexpr size_t kBytes = size_t{64} << 20;
    const unsigned before = mapped_bytes();
    void* block = allocate(kBytes);
    const unsigned more = mapped_bytes() - before;
    release(block);
    counted = block != nullptr && more > kBytes / 2 && more < 2 * kBytes;
  }
  return counted;
}

bool has_glibc_malloc() {
  static const bool found = find_glibc_malloc();
  return found;
}

bool set_thresholds(uint32_t mmap_threshold, uint32_t trim_threshold, uint32_t top_pad) {
  // Before version 2.35 it refuses more than half of what an arena of a thread reserves at a time: 32 MiB.
  bool set = false;
  for (uint32_t bytes = mmap_threshold; !set && bytes > 0; bytes /= 2)
    set = mallopt(M_MMAP_THRESHOLD, static_cast<int>(bytes)) == 1;
  return set && mallopt(M_TRIM_THRESHOLD, static_cast<int>(trim_threshold)) == 1 &&
         mallopt(M_TOP_PAD, static_cast<int>(top_pad)) == 1;
}

void trim() {
  // malloc_trim leaves the end of a thread's arena alone. Freeing a block of this size gives it back.
  void* (*volatile allocate)(size_t) = std::malloc;
  std::free(allocate(size_t{256} << 10));
  malloc_trim(0);
  // So that each of several jobs gets a thread of its own.
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
}
#else
bool has_glibc_malloc() { return false; }
bool set_thresholds(uint32_t, uint32_t, uint32_t) { return false; }
void trim() {}
#endif

Napi::Value allocator_state(const Napi::CallbackInfo& info) {
  Napi::Object state = Napi::Object::New(info.Env());
  state.Set("allocator", has_glibc_malloc() ? "glibc" : "other");
  state.Set("tuned", tuned.load());
  return state;
}

// mmapThreshold, trimThreshold, topPad: bytes, below 2³¹. Returns whether they are set.
Napi::Value tune_allocator(const Napi::CallbackInfo& info) {
  uint32_t bytes[3];
  for (size_t i = 0; i < 3; ++i) {
    if (!read_uint32(info[i], &bytes[i]) || bytes[i] > INT32_MAX) return Napi::Boolean::New(info.Env(), false);
  }
  const bool done = has_glibc_malloc() && set_thresholds(bytes[0], bytes[1], bytes[2]);
  if (done) tuned.store(true);
  return Napi::Boolean::New(info.Env(), done);
}

// Gives back to the system what the allocator holds and nobody uses: of the arena of its thread all beyond the
// thresholds, and of all arenas what is free between blocks.
class TrimJob : public Job {
  emp_status run() override {
    if (has_glibc_malloc()) trim();
    return EMP_OK;
  }

  napi_value result(napi_env env) override {
    napi_value undefined;
    return napi_get_undefined(env, &undefined) == napi_ok ? undefined : nullptr;
  }
};

Napi::Value trim_allocator(const Napi::CallbackInfo& info) {
  return Job::start(new TrimJob, info.Env(), info.Env().Undefined());
}

}  // namespace

void add_memory(Napi::Env env, Napi::Object exports) {
  exports.Set("allocatorState", Napi::Function::New(env, allocator_state, "allocatorState"));
  exports.Set("tuneAllocator", Napi::Function::New(env, tune_allocator, "tuneAllocator"));
  exports.Set("trimAllocator", Napi::Function::New(env, trim_allocator, "trimAllocator"));
}

}  // namespace binding
