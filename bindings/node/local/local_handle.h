// The local points of a query image, as JavaScript holds them.
#pragma once
#include "../handle.h"

namespace binding {

struct LocalQuery {
  static constexpr napi_type_tag kTag = {0x9c0e62d14b7f4a35, 0xb2f1d87a3e5c6049};
  std::atomic<int> references{1};
  emp_local_query* core = nullptr;
  ~LocalQuery() { emp_local_query_destroy(core); }
};

}  // namespace binding
