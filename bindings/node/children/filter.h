// A filter of system calls for a child process (Linux: seccomp). The kernel runs it before every call of every thread
// of the child, and no thread can take it off. The numbers and structures are the kernel's; old headers lack some of
// them.
#pragma once
#if defined(__linux__)
#include <cstddef>
#include <cstdint>
#include <vector>

namespace binding {

struct FilterStep {
  uint16_t code;
  uint8_t when_true, when_false;
  uint32_t value;
};

class SystemCallFilter {
 public:
  // Whether there is a filter for this processor.
  static bool exists();
  // Prepares the filter. It allocates, so it is called before the fork.
  SystemCallFilter();
  // Puts this process under the filter. It is safe between fork and exec. Returns whether the kernel has it now.
  bool enter();

 private:
  std::vector<FilterStep> steps_;
  std::vector<size_t> own_process_;  // the steps that compare with the number of the filtered process
};

}  // namespace binding
#endif
