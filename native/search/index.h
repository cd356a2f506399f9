#pragma once
#include "../empreinte.h"
#include "rows.h"

struct emp_index {
  empreinte::Rows rows;
};

struct emp_snapshot {
  empreinte::Rows rows;
};
