// Memory that is freed at once, and the settings of glibc's allocator. With another C library, or where another
// allocator has replaced glibc's, the settings change nothing.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <thread>

#include "job.h"
#include "module.h"

#if defined(__GLIBC__)
#include <malloc.h>
#include <pthread.h>
#endif

// glibc 2.34 moved these into libc under a new version. With their first version the addon also loads on older systems.
#if defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.17");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.17");
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

// Threads keep what they free in arenas, and by default each thread of the pool has its own. Each then keeps the
// samples of one image, although only some decode at a time. A thread takes an arena at its first allocation and never
// changes it. At the limit of arenas it takes the next one in turn, so others have to take theirs until it is the main
// arena's turn.

// Whether a block is from the main arena: the third bit of its header says so in every version of glibc.
bool in_main_arena(const void* block) { return (static_cast<const size_t*>(block)[-1] & 4) == 0; }

// Allocates a small block in this thread, and returns whether it is from the main arena.
bool takes_main_arena() {
  void* (*volatile allocate)(size_t) = std::malloc;
  void* block = allocate(64);
  const bool main = block != nullptr && in_main_arena(block);
  std::free(block);
  return main;
}

void* take_arena(void* main) {
  *static_cast<bool*>(main) = takes_main_arena();
  return nullptr;
}

// Lets a new thread take an arena. Returns false if there can be no thread. std::thread would throw.
bool take_next_arena(bool* main) {
  pthread_t thread;
  return pthread_create(&thread, nullptr, take_arena, main) == 0 && pthread_join(thread, nullptr) == 0;
}

constexpr int kMostArenas = 64;
int arenas = 0;

// Returns how many arenas there are. Only the report of malloc_info says so.
int count_arenas() {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* report = open_memstream(&text, &size);
  if (report == nullptr) return 0;
  const bool written = malloc_info(0, report) == 0;
  int count = 0;
  if (std::fclose(report) == 0 && written) {
    const std::string_view all(text, size);
    constexpr std::string_view kArena = "<heap nr=";
    for (size_t at = all.find(kArena); at != all.npos; at = all.find(kArena, at + 1)) ++count;
  }
  std::free(text);
  return count;
}

// Lets new threads take arenas until it is the main arena's turn: then each of the others has had its turn since.
// Returns false where arenas are not taken in turn, as those of threads that have ended are not.
bool turn_to_main_arena() {
  int others = 0;
  for (int taken = 0; others + 1 < arenas; ++taken) {
    bool main = false;
    if (taken >= 16 * arenas || !take_next_arena(&main)) return false;
    others = main ? 0 : others + 1;
  }
  return true;
}

// Creates no more arenas, and returns whether the next thread takes the main one. Called in a thread that has an arena.
bool limit_arenas() {
  arenas = count_arenas();
  return arenas > 0 && arenas <= kMostArenas && mallopt(M_ARENA_MAX, 1) == 1 && turn_to_main_arena();
}

// Gives this thread of the pool the main arena, unless it has one. Waits until `count` threads are here, so that each
// of as many jobs gets a thread of its own.
void join_main_arena(uint32_t count) {
  static std::mutex mutex;
  static std::condition_variable arrived;
  static uint32_t here = 0, turns = 0;
  std::unique_lock lock(mutex);
  // A thread that did not take its turn now leaves it to the next one.
  if (takes_main_arena() && ++turns < count) (void)turn_to_main_arena();
  ++here;
  arrived.notify_all();
  // By the system's clock: waiting by the steady one needs glibc 2.30.
  const auto until = std::chrono::system_clock::now() + std::chrono::milliseconds(100);
  arrived.wait_until(lock, until, [count] { return here >= count; });
}
#else
bool limit_arenas() { return false; }
void join_main_arena(uint32_t) {}
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

// Gives a thread of the pool the main arena.
class ShareJob : public Job {
 public:
  explicit ShareJob(uint32_t count) : count_(count) {}

 private:
  emp_status run() override {
    join_main_arena(count_);
    return EMP_OK;
  }

  napi_value result(napi_env env) override {
    napi_value undefined;
    return napi_get_undefined(env, &undefined) == napi_ok ? undefined : nullptr;
  }
  uint32_t count_;
};

// Argument: how many threads of the pool, 1 … 64. Returns promises, one for each, or none.
Napi::Value share_arena(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array jobs = Napi::Array::New(env);
  uint32_t count = 0;
  if (!read_uint32(info[0], &count) || !has_glibc_malloc() || !limit_arenas()) return jobs;
  for (uint32_t i = 0; i < count; ++i) jobs.Set(i, Job::start(new ShareJob(count), env, env.Undefined()));
  return jobs;
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

// Argument: a typed array.
Napi::Value release(const Napi::CallbackInfo& info) {
  release_memory(info.Env(), info[0]);
  return info.Env().Undefined();
}

Napi::Value trim_allocator(const Napi::CallbackInfo& info) {
  return Job::start(new TrimJob, info.Env(), info.Env().Undefined());
}

}  // namespace

// Megabytes that nobody needs should neither wait for the garbage collector nor trigger it: that took a quarter of a
// search for altered copies. A slice of Node's shared pool is always less than half of its buffer and is left alone.
void release_memory(napi_env env, napi_value array) {
  napi_value buffer;
  size_t size = 0, all = 0;
  if (napi_get_typedarray_info(env, array, nullptr, &size, nullptr, &buffer, nullptr) == napi_ok &&
      napi_get_arraybuffer_info(env, buffer, nullptr, &all) == napi_ok && size > all / 2)
    (void)napi_detach_arraybuffer(env, buffer);
}

void add_memory(Napi::Env env, Napi::Object exports) {
  exports.Set("allocatorState", Napi::Function::New(env, allocator_state, "allocatorState"));
  exports.Set("release", Napi::Function::New(env, release, "release"));
  exports.Set("tuneAllocator", Napi::Function::New(env, tune_allocator, "tuneAllocator"));
  exports.Set("shareArena", Napi::Function::New(env, share_arena, "shareArena"));
  exports.Set("trimAllocator", Napi::Function::New(env, trim_allocator, "trimAllocator"));
}

}  // namespace binding
