#include "file_rules.h"

#if defined(__linux__)
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace binding {
namespace {

// The kernel's interface, which old headers lack. The numbers are the same on every processor.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr uint32_t kAskVersion = 1;
constexpr int kPathBeneath = 1;

enum : uint64_t {
  kExecute = 1 << 0,
  kWriteFile = 1 << 1,
  kReadFile = 1 << 2,
  kReadFolder = 1 << 3,
  kFirstVersion = (1 << 13) - 1,  // these, removing and making
  kRefer = 1 << 13,               // version 2: moving between folders
  kTruncate = 1 << 14,            // version 3
};
enum : uint64_t { kBindTcp = 1 << 0, kConnectTcp = 1 << 1 };       // version 4
enum : uint64_t { kAbstractSockets = 1 << 0, kSignals = 1 << 1 };  // version 6

struct Ruleset {
  uint64_t files, ports, scopes;
};

struct __attribute__((packed)) PathRule {
  uint64_t allowed;
  int32_t parent;
};

void allow(int rules, int descriptor, uint64_t what) {
  const PathRule rule = {what, descriptor};
  // What the kernel refuses here stays forbidden. Pipes and the like need no rule.
  (void)syscall(kAddRule, rules, kPathBeneath, &rule, 0);
}

void allow(int rules, const char* path, uint64_t on_file, uint64_t on_folder) {
  uint64_t what = on_folder;
  int descriptor = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
  if (descriptor < 0 && errno == ENOTDIR) {
    what = on_file;
    descriptor = open(path, O_PATH | O_CLOEXEC);
  }
  if (descriptor < 0) return;
  allow(rules, descriptor, what);
  close(descriptor);
}

}  // namespace

int FileRules::version() {
  const long version = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version > 0 ? static_cast<int>(version) : 0;
}

FileRules::FileRules(const std::vector<std::string>& paths, int descriptor) {
  const int version = FileRules::version();
  if (version == 0) return;
  Ruleset ruleset = {kFirstVersion, 0, 0};
  if (version >= 2) ruleset.files |= kRefer;
  if (version >= 3) ruleset.files |= kTruncate;
  if (version >= 4) ruleset.ports = kBindTcp | kConnectTcp;
  if (version >= 6) ruleset.scopes = kAbstractSockets | kSignals;
  const size_t known = version >= 6 ? sizeof ruleset : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
  rules_ = static_cast<int>(syscall(kCreateRuleset, &ruleset, known, 0));
  if (rules_ < 0) return;
  for (const std::string& path : paths)
    allow(rules_, path.c_str(), kReadFile | kExecute, kReadFile | kReadFolder | kExecute);
  allow(rules_, "/dev/null", kReadFile | kWriteFile | (ruleset.files & kTruncate), 0);
  if (descriptor >= 0) allow(rules_, descriptor, kReadFile);
}

FileRules::~FileRules() {
  if (rules_ >= 0) close(rules_);
}

bool FileRules::enter() const {
  if (rules_ < 0) return false;
  // Its own entry of /proc, which has another name for each process.
  allow(rules_, "/proc/self", 0, kReadFile | kReadFolder);
  return syscall(kRestrictSelf, rules_, 0) == 0;
}

}  // namespace binding
#endif
