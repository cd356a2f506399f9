// Which files a child process may read (Linux: Landlock). It may read nothing else, and make, change and remove
// nothing. What it starts is under the same rules, and they cannot be taken off.
#pragma once
#if defined(__linux__)
#include <string>
#include <vector>

namespace binding {

class FileRules {
 public:
  // The version of Landlock in the kernel, or 0 if it has none.
  static int version();

  // Allows to read and to start what is at the paths, where they exist, and to read the file that is open as
  // `descriptor`
  // (-1: none). It is called before the fork.
  FileRules(const std::vector<std::string>& paths, int descriptor);
  FileRules(const FileRules&) = delete;
  FileRules& operator=(const FileRules&) = delete;
  ~FileRules();
  // Puts this process under the rules. It is safe between fork and exec. Returns whether the kernel has them now.
  bool enter() const;

 private:
  int rules_ = -1;
};

}  // namespace binding
#endif
