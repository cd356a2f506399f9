// What a child writes, read by a thread of its own: samples straight into the frame they belong to, lines beside them.
// Woken for every piece (there are 29 of a frame of 720p), the thread of JavaScript had no time for anything else;
// looking now and then instead, it let the child wait. Now it hears once of a frame, and once that a line has been
// said.
//
// Samples come over a socket: the system hands its memory over in pieces of 32 KiB, that of a pipe page by page.
#include "handle.h"
#include "module.h"

#if defined(__linux__)
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

// libuv's, which Node exports: the system's own have had newer versions since glibc 2.34 and would bind the addon to
// it.
extern "C" {
int uv_thread_create(pthread_t* thread, void (*entry)(void* argument), void* argument);
int uv_thread_join(pthread_t* thread);
}
#endif

namespace binding {
namespace {

#if defined(__linux__)

constexpr size_t kTextBytes = 1 << 16;
// For samples, if the system allows as much: a frame of 720p, so that the child goes on with the next one.
constexpr int kSocketBytes = 1 << 20;
// More than a child has been seen to write, from one memory to another.
constexpr int kBytesEachMicrosecond = 10'000;
constexpr size_t kMostAtOnce = size_t{1} << 30;
// While samples come, what is said is left for later; not when there are none, as the child may be waiting to say it.
constexpr int kIdleMilliseconds = 5;
// A line comes in several pieces, one directly behind the other.
constexpr useconds_t kLineMicroseconds = 50;

void close_end(int* descriptor) {
  if (*descriptor >= 0) close(*descriptor);
  *descriptor = -1;
}

struct Outputs {
  static constexpr napi_type_tag kTag = {0x1d7a90c46be34f52, 0xb08e5f2374c61a9d};
  std::atomic<int> references{1};

  // Our ends, and what wakes the thread. They do not change while it runs.
  int samples = -1, text = -1, wake = -1;
  int output = -1, errors = -1;  // those of the child, until it has them
  useconds_t nap = 0;            // the time in which a child writes less than the socket holds
  pthread_t thread{};
  bool running = false;     // of the thread of JavaScript alone, as is the next
  napi_ref kept = nullptr;  // the memory that is filled
  napi_threadsafe_function news = nullptr;

  std::mutex mutex;  // for everything below
  uint8_t* target = nullptr;
  size_t size = 0, filled = 0;
  bool ended = false;      // no more samples
  bool told = false;       // no more text
  bool listening = false;  // for text
  bool calling = false;    // JavaScript has been called and has not come yet
  bool closed = false;
  size_t heard = 0;
  char said[kTextBytes];

  ~Outputs() { close_all(); }

  void close_all() {
    for (int* end : {&samples, &text, &wake, &output, &errors}) close_end(end);
  }

  void rouse() {
    const uint64_t one = 1;
    while (write(wake, &one, sizeof one) < 0 && errno == EINTR) continue;
  }

  // On the thread of JavaScript. Afterwards nothing of it is touched by the other one.
  void stop(napi_env env) {
    if (running) {
      {
        const std::lock_guard lock(mutex);
        closed = true;
      }
      rouse();
      uv_thread_join(&thread);
      running = false;
    }
    if (kept != nullptr) napi_delete_reference(env, kept);
    kept = nullptr;
    target = nullptr;
    close_all();
  }

  bool filling() const { return target != nullptr && filled < size && !ended; }

  // Waits for what is wanted; false when the thread is to end. Not for text while samples come, unless `idle`.
  bool await(bool* idle, bool* samples_ready, bool* text_ready) {
    bool some, lines;
    {
      const std::lock_guard lock(mutex);
      if (closed) return false;
      some = filling();
      lines = !told && heard < kTextBytes;
    }
    const bool later = some && !*idle;
    pollfd ends[] = {{wake, POLLIN, 0}, {some ? samples : -1, POLLIN, 0}, {lines && !later ? text : -1, POLLIN, 0}};
    const int ready = poll(ends, 3, lines && later ? kIdleMilliseconds : -1);
    *idle = some && (ready == 0 || *idle);
    if (ready <= 0) return true;
    uint64_t count;
    if (ends[0].revents != 0 && read(wake, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR) return false;
    *samples_ready = ends[1].revents != 0;
    *text_ready = ends[2].revents != 0;
    return true;
  }

  // How many bytes came, 0 for none at the moment, -1 at the end.
  static ssize_t pull(int descriptor, void* to, size_t most) {
    ssize_t got;
    do {
      got = read(descriptor, to, std::min(most, kMostAtOnce));
    } while (got < 0 && errno == EINTR);
    if (got > 0) return got;
    return got < 0 && errno == EAGAIN ? 0 : -1;
  }

  // True at the end of a line, when there is much, and when there is no more: worth a call.
  bool hear() {
    size_t at;
    {
      const std::lock_guard lock(mutex);
      at = heard;
    }
    // JavaScript may take what has been heard meanwhile: it is read beside it first.
    char piece[kTextBytes];
    const ssize_t got = at < kTextBytes ? pull(text, piece, kTextBytes - at) : 0;
    if (got == 0) return false;
    const std::lock_guard lock(mutex);
    if (got < 0) return told = true;
    std::memcpy(said + heard, piece, static_cast<size_t>(got));
    heard += static_cast<size_t>(got);
    const char last = said[heard - 1];
    return last == '\n' || last == '\r' || heard > kTextBytes / 2;
  }

  // Sleeps while the child writes, then takes what there is, until that is nothing: woken for every piece it would take
  // the processor from the child each time. True when the frame is whole or cannot be any more.
  bool fill() {
    bool done = false, some = true;
    while (!done && some) {
      usleep(nap);
      done = drain(&some);
    }
    return done;
  }

  bool drain(bool* some) {
    for (*some = false;; *some = true) {
      uint8_t* to;
      size_t most;
      {
        const std::lock_guard lock(mutex);
        if (closed || !filling()) return false;
        to = target + filled;
        most = size - filled;
      }
      const ssize_t got = pull(samples, to, most);
      if (got == 0) return false;
      const std::lock_guard lock(mutex);
      if (got < 0) return ended = true;
      filled += static_cast<size_t>(got);
      if (filled == size) return true;
    }
  }

  // False when nobody can be called any more.
  bool call(bool frame) {
    {
      const std::lock_guard lock(mutex);
      if (calling || closed || !(frame || listening)) return true;
      calling = true;
    }
    return napi_call_threadsafe_function(news, nullptr, napi_tsfn_nonblocking) == napi_ok;
  }

  void run() {
    prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);  // ns: of this thread only
    bool idle = false;
    for (;;) {
      bool samples_ready = false, text_ready = false;
      if (!await(&idle, &samples_ready, &text_ready)) return;
      bool line = false, frame = false;
      if (text_ready) {
        line = hear();
        if (!line) {
          usleep(kLineMicroseconds);
          line = hear();
        }
      }
      if (samples_ready) {
        idle = false;
        frame = fill();
        if (frame) line = !told_all() && hear();  // what was said of it, with the same call
      }
      if ((line || frame) && !call(frame)) return;
    }
  }

  bool told_all() {
    const std::lock_guard lock(mutex);
    return told;
  }
};

bool make_ends(Outputs* ends) {
  int pair[2], pipes[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
  ends->samples = pair[0];
  ends->output = pair[1];
  if (pipe2(pipes, O_CLOEXEC) != 0) return false;
  ends->text = pipes[0];
  ends->errors = pipes[1];
  ends->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  // What the system does not allow it leaves smaller: that is slower, not wrong.
  (void)setsockopt(ends->output, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
  int held = 0;  // with what the system adds for itself, as much again
  socklen_t length = sizeof held;
  (void)getsockopt(ends->output, SOL_SOCKET, SO_SNDBUF, &held, &length);
  ends->nap = static_cast<useconds_t>(held / 2 / kBytesEachMicrosecond);
  return ends->wake >= 0 && fcntl(ends->samples, F_SETFL, O_NONBLOCK) == 0 &&
         fcntl(ends->text, F_SETFL, O_NONBLOCK) == 0;
}

void called(napi_env env, napi_value news, void* context, void*) {
  if (env == nullptr) return;
  auto* outputs = static_cast<Shared<Outputs>*>(context);
  {
    const std::lock_guard lock((*outputs)->mutex);
    (*outputs)->calling = false;
  }
  napi_value none;
  if (napi_get_undefined(env, &none) == napi_ok) napi_call_function(env, none, news, 0, nullptr, nullptr);
}

// After `stop`, or with the environment.
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
  const auto entry = [](void* argument) { static_cast<Outputs*>(argument)->run(); };
  outputs->running = uv_thread_create(&outputs->thread, entry, &*outputs) == 0;
  if (!outputs->running) napi_release_threadsafe_function(outputs->news, napi_tsfn_abort);
  return outputs->running;
}

bool number(napi_env env, napi_value object, const char* name, int value) {
  napi_value held;
  return napi_create_int32(env, value, &held) == napi_ok && napi_set_named_property(env, object, name, held) == napi_ok;
}

#else
struct Outputs {
  static constexpr napi_type_tag kTag = {0x1d7a90c46be34f52, 0xb08e5f2374c61a9d};
  std::atomic<int> references{1};
};
#endif

// listener: {outputs, output, errors}, the last two descriptors for a child; undefined where there is no such thing.
Napi::Value open_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsFunction()) return fail(env, "expected a function"), env.Undefined();
#if defined(__linux__)
  Shared<Outputs> outputs(new Outputs);
  napi_value object;
  if (make_ends(&*outputs) && napi_create_object(env, &object) == napi_ok &&
      number(env, object, "output", outputs->output) && number(env, object, "errors", outputs->errors)) {
    const Napi::Value handle = wrap(env, outputs);
    if (!handle.IsEmpty() && napi_set_named_property(env, object, "outputs", handle) == napi_ok &&
        start(env, info[0], outputs))
      return {env, object};
  }
#endif
  return env.Undefined();
}

// outputs: the child has its ends, or will not start: nobody else holds them open.
Napi::Value hand_outputs(const Napi::CallbackInfo& info) {
  Shared<Outputs> outputs;
#if defined(__linux__)
  if (unwrap(info[0], &outputs)) {
    close_end(&outputs->output);
    close_end(&outputs->errors);
  }
#else
  (void)unwrap(info[0], &outputs);
#endif
  return info.Env().Undefined();
}

// outputs, bytes: fills them with samples, and calls when that is done. Nobody else may have the memory meanwhile.
Napi::Value fill_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  Bytes bytes;
  if (!unwrap(info[0], &outputs) || !read_bytes(info[1], &bytes)) return env.Undefined();
#if defined(__linux__)
  if (!outputs->running) return env.Undefined();
  const std::lock_guard lock(outputs->mutex);
  if (outputs->filling()) return fail(env, "expected nothing that is being filled"), env.Undefined();
  napi_ref kept;
  if (napi_create_reference(env, info[1], 1, &kept) != napi_ok) return env.Undefined();
  if (outputs->kept != nullptr) napi_delete_reference(env, outputs->kept);
  outputs->kept = kept;
  outputs->target = const_cast<uint8_t*>(bytes.data);
  outputs->size = bytes.size;
  outputs->filled = 0;
  outputs->rouse();
#endif
  return env.Undefined();
}

// outputs: 1 when what was to be filled is full, -1 when no more comes, else 0.
Napi::Value filled_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  if (!unwrap(info[0], &outputs)) return env.Undefined();
  int state = -1;
#if defined(__linux__)
  if (outputs->running) {
    const std::lock_guard lock(outputs->mutex);
    if (outputs->target != nullptr && outputs->filled == outputs->size) {
      state = 1;
    } else {
      state = outputs->ended ? -1 : 0;
    }
    if (state != 0) outputs->target = nullptr;
  }
#endif
  napi_value answer;
  return napi_create_int32(env, state, &answer) == napi_ok ? Napi::Value(env, answer) : env.Undefined();
}

// outputs, listening: whether to call when something has been said.
Napi::Value listen_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  bool listening;
  if (!unwrap(info[0], &outputs) || !read_bool(info[1], &listening)) return env.Undefined();
#if defined(__linux__)
  const std::lock_guard lock(outputs->mutex);
  outputs->listening = listening;
#endif
  return env.Undefined();
}

// outputs, bytes: how many of what has been said were copied there; -1 when there is no more to come.
Napi::Value hear_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  Bytes bytes;
  if (!unwrap(info[0], &outputs) || !read_bytes(info[1], &bytes)) return env.Undefined();
  int count = -1;
#if defined(__linux__)
  if (outputs->running) {
    const std::lock_guard lock(outputs->mutex);
    const size_t most = std::min(outputs->heard, bytes.size);
    if (most > 0) {
      const bool full = outputs->heard == kTextBytes;
      std::memcpy(const_cast<uint8_t*>(bytes.data), outputs->said, most);
      std::memmove(outputs->said, outputs->said + most, outputs->heard - most);
      outputs->heard -= most;
      if (full) outputs->rouse();
    }
    count = most > 0 || !outputs->told ? static_cast<int>(most) : -1;
  }
#endif
  napi_value answer;
  return napi_create_int32(env, count, &answer) == napi_ok ? Napi::Value(env, answer) : env.Undefined();
}

// outputs: whether samples have come that nobody has asked for.
Napi::Value unasked_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  if (!unwrap(info[0], &outputs)) return env.Undefined();
  bool some = false;
#if defined(__linux__)
  char sample;
  some = outputs->running && recv(outputs->samples, &sample, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
#endif
  napi_value answer;
  return napi_get_boolean(env, some, &answer) == napi_ok ? Napi::Value(env, answer) : env.Undefined();
}

// outputs: whoever writes hears of it. No call comes afterwards.
Napi::Value close_outputs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Outputs> outputs;
  if (!unwrap(info[0], &outputs)) return env.Undefined();
#if defined(__linux__)
  if (outputs->running) {
    outputs->stop(env);
    napi_release_threadsafe_function(outputs->news, napi_tsfn_abort);
  }
#endif
  return env.Undefined();
}

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
