// A lock on an open folder, so that only one process at a time replaces files in it. The lock belongs to the descriptor
// and ends with it, however the process ends, so none is ever left behind.
#include <cerrno>

#include "args.h"
#include "module.h"

#if !defined(_WIN32)
#include <sys/file.h>
#endif

namespace binding {
namespace {

// descriptor. Returns whether it has the lock now. On Windows and on file systems without locks it always has.
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
