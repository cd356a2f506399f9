// The headers that a kernel's .cc includes before its target region opens, so that none of them is compiled for a newer
// processor.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../hash/dct_table.h"
#include "../hash/decimate.h"
#include "../hash/pixels.h"
#include "../local/extract/patch_weights.h"
#include "../memory.h"
#include "../search/file/crc32c.h"
#include "../views/sampling/sampling_plan.h"
#include "kernels.h"
