#include "filter.h"

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace binding {
namespace {

// The language of the filter: load a word of the call, compare, return.
constexpr uint16_t kLoad = 0x20, kEqual = 0x15, kAtLeast = 0x35, kReturn = 0x06;
// Where the words of a call are. The first argument's low half, because these processors store it first.
constexpr uint32_t kNumber = 0, kProcessor = 4, kFirstArgument = 16;
constexpr uint32_t kAllow = 0x7fff0000, kError = 0x00050000;

#if defined(__x86_64__)
constexpr uint32_t kThisProcessor = 0xc000003e;
#elif defined(__aarch64__)
constexpr uint32_t kThisProcessor = 0xc00000b7;
#else
constexpr uint32_t kThisProcessor = 0;
#endif

// Calls that have the same number on every processor.
enum : uint32_t {
  kPidfdSendSignal = 424,
  kRingSetup = 425,
  kRingRegister = 427,
  kPidfdGetfd = 438,
  kProcessMadvise = 440,
  kMountSetattr = 442,
  kProcessMrelease = 448,
  kFchmodat2 = 452,
  // The first number that this file does not know. What newer kernels add does not exist for a child.
  kUnknown = 463,
};

// What a decoder never does: it opens no socket, changes no file's owner, mode, times or attributes, and reads, writes
// and changes no other process. Opening, making and removing files is Landlock's part.
constexpr uint32_t kForbidden[] = {
    SYS_socket,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_truncate,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_chroot,
    SYS_pivot_root,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_open_by_handle_at,
#if defined(__x86_64__)
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
#endif
    kPidfdSendSignal,
    kPidfdGetfd,
    kProcessMadvise,
    kMountSetattr,
    kProcessMrelease,
    kFchmodat2,
};

}  // namespace

bool SystemCallFilter::exists() { return kThisProcessor != 0; }

SystemCallFilter::SystemCallFilter() {
  const auto step = [this](uint16_t code, uint32_t value, uint8_t when_true = 0, uint8_t when_false = 0) {
    steps_.push_back({code, when_true, when_false, value});
  };
  const auto own = [this, &step](uint8_t when_true, uint8_t when_false) {
    own_process_.push_back(steps_.size());
    step(kEqual, 0, when_true, when_false);
  };
  // Programs for another processor make other calls under the same numbers.
  step(kLoad, kProcessor);
  step(kEqual, kThisProcessor, 1, 0);
  step(kReturn, kError | ENOSYS);
  step(kLoad, kNumber);
  step(kAtLeast, kUnknown, 0, 1);
  step(kReturn, kError | ENOSYS);
  // A ring carries out calls that no filter sees.
  step(kAtLeast, kRingSetup, 0, 2);
  step(kAtLeast, kRingRegister + 1, 1, 0);
  step(kReturn, kError | ENOSYS);
  for (const uint32_t call : kForbidden) {
    step(kEqual, call, 0, 1);
    step(kReturn, kError | EACCES);
  }
  // It may send itself a signal, as abort() does.
  for (const uint32_t call : {static_cast<uint32_t>(SYS_kill), static_cast<uint32_t>(SYS_tgkill)}) {
    step(kEqual, call, 0, 4);
    step(kLoad, kFirstArgument);
    own(0, 1);
    step(kReturn, kAllow);
    step(kReturn, kError | EACCES);
  }
  // It may read and lower its own limits.
  step(kEqual, SYS_prlimit64, 0, 5);
  step(kLoad, kFirstArgument);
  step(kEqual, 0, 2, 0);
  own(1, 0);
  step(kReturn, kError | EACCES);
  step(kReturn, kAllow);
  step(kReturn, kAllow);
}

bool SystemCallFilter::enter() {
  constexpr unsigned long kSetModeFilter = 1, kModeFilter = 2;
  // The decoder's own code is not what we fear here, so the kernel need not slow it down against speculation.
  constexpr unsigned long kAllowSpeculation = 1 << 2;
  for (const size_t at : own_process_) steps_[at].value = static_cast<uint32_t>(getpid());
  const struct {
    uint16_t length;
    const FilterStep* steps;
  } program = {static_cast<uint16_t>(steps_.size()), steps_.data()};
#if defined(SYS_seccomp)
  if (syscall(SYS_seccomp, kSetModeFilter, kAllowSpeculation, &program) == 0) return true;
#endif
  return prctl(PR_SET_SECCOMP, kModeFilter, &program, 0, 0) == 0;
}

}  // namespace binding
#endif
