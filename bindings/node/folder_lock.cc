// A lock on an open folder, so that of several who replace files in it one does so at a time. It belongs to the
// descriptor and ends with it, however its process ends, so that there is none to be left behind.
#include <cerrno>

#include "args.h"
#include "module.h"

#if !defined(_WIN32)
#include <sys/file.h>
#endif

namespace binding {
namespace {

// descriptor: whether it has the lock now. A file system without locks, and Windows, has nobody to wait for.
Napi::Value lock_folder(const Napi::CallbackInfo& info) {
  uint32_t descriptor;
  if (!read_uint32(info[0], &descriptor)) return info.Env().Undefined();
  bool busy = false;
#if !defined(_WIN32)
  while (flock(static_cast<int>(descriptor), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    busy = errno == EWOULDBLOCK;
    break;
  }
#endif
  napi_value answer;
  if (napi_get_boolean(info.Env(), !busy, &answer) != napi_ok) return info.Env().Undefined();
  return {info.Env(), answer};
}

}  // namespace

void add_folder_lock(Napi::Env env, Napi::Object exports) {
  exports.Set("lockFolder", Napi::Function::New(env, lock_folder, "lockFolder"));
}

}  // namespace binding
