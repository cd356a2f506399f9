#pragma once
#include "../job.h"

namespace binding {

// What JavaScript holds of an index; jobs share it.
struct Index {
  static constexpr napi_type_tag kTag = {0x51f3a2b86c0d4e9f, 0x8be1d37a40c6f502};
  std::atomic<int> references{1};
  emp_index* core = nullptr;
  int64_t reported = 0;     // bytes reported to V8
  uint64_t unreported = 0;  // rows added since
  ~Index() { emp_index_destroy(core); }
};

}  // namespace binding
