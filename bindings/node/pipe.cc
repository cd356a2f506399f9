// A pipe for a child's output that is read when there is much in it. Node's own are sockets, which wake their reader at
// every write, 29 times for a frame of 720p, and hold a fifth of one.
#include <cerrno>

#include "handle.h"
#include "module.h"

#if defined(__linux__)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace binding {
namespace {

// The end that reads. It is closed with the environment, too: whoever writes then hears of it.
struct Pipe {
  static constexpr napi_type_tag kTag = {0x1d7a90c46be34f52, 0xb08e5f2374c61a9d};
  std::atomic<int> references{1};
  int descriptor = -1;
  ~Pipe() { close_end(); }
  void close_end() {
#if defined(__linux__)
    if (descriptor >= 0) close(descriptor);
#endif
    descriptor = -1;
  }
};

// bytes: {reader, writer}, the latter a descriptor; undefined where there is no such thing.
Napi::Value open_pipe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t bytes;
  if (!read_uint32(info[0], &bytes)) return env.Undefined();
#if defined(__linux__)
  constexpr uint32_t kMost = 1u << 30;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return env.Undefined();
  Shared<Pipe> pipe(new Pipe);
  pipe->descriptor = ends[0];
  // Who has many pipes may be refused a large one: it works as well as it is.
  (void)fcntl(ends[0], F_SETPIPE_SZ, static_cast<int>(bytes < kMost ? bytes : kMost));
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0) {
    const Napi::Value reader = wrap(env, pipe);
    napi_value object, writer;
    if (!reader.IsEmpty() && napi_create_object(env, &object) == napi_ok &&
        napi_create_int32(env, ends[1], &writer) == napi_ok &&
        napi_set_named_property(env, object, "reader", reader) == napi_ok &&
        napi_set_named_property(env, object, "writer", writer) == napi_ok)
      return {env, object};
  }
  close(ends[1]);
#endif
  return env.Undefined();
}

// reader, bytes: how many of those that have come were read; -1 at the end.
Napi::Value read_pipe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Shared<Pipe> pipe;
  Bytes bytes;
  if (!unwrap(info[0], &pipe) || !read_bytes(info[1], &bytes)) return env.Undefined();
  int32_t count = -1;
#if defined(__linux__)
  constexpr size_t kMost = size_t{1} << 30;
  ssize_t got;
  do {
    got = read(pipe->descriptor, const_cast<uint8_t*>(bytes.data), bytes.size < kMost ? bytes.size : kMost);
  } while (got < 0 && errno == EINTR);
  if (got > 0) count = static_cast<int32_t>(got);
  if (got < 0 && errno == EAGAIN) count = 0;
#endif
  napi_value answer;
  return napi_create_int32(env, count, &answer) == napi_ok ? Napi::Value(env, answer) : env.Undefined();
}

Napi::Value close_pipe(const Napi::CallbackInfo& info) {
  Shared<Pipe> pipe;
  if (unwrap(info[0], &pipe)) pipe->close_end();
  return info.Env().Undefined();
}

}  // namespace

void add_pipe(Napi::Env env, Napi::Object exports) {
  exports.Set("openPipe", Napi::Function::New(env, open_pipe, "openPipe"));
  exports.Set("readPipe", Napi::Function::New(env, read_pipe, "readPipe"));
  exports.Set("closePipe", Napi::Function::New(env, close_pipe, "closePipe"));
}

}  // namespace binding
