// Everything that a kernel's .cc instantiates. Included inside its target region, after the lanes, exactly once in each
// file.
namespace empreinte {
namespace {
#include "../hash/luma.h"
#include "../hash/jarosz.h"
#include "../hash/separable_filter.h"
#include "../hash/dct.h"
#include "../hash/gradient.h"
#include "../hash/samples/expand.h"
#include "../local/extract/steps.h"
#include "../search/query/candidates.h"
#include "../search/query/scan.h"
#include "../views/sampling/resample.h"
#include "../views/working_copy/reduce.h"
}  // namespace
}  // namespace empreinte
