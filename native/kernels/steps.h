// Everything a kernel's .cc instantiates. Included inside its target region, after the lanes, exactly once a file.
namespace empreinte {
namespace {
#include "../hash/luma.h"
#include "../hash/jarosz.h"
#include "../hash/weights.h"
#include "../hash/dct.h"
#include "../hash/gradient.h"
#include "../hash/expand.h"
#include "../search/candidates.h"
#include "../search/scan.h"
#include "../variants/looks.h"
#include "../variants/reduce.h"
}  // namespace
}  // namespace empreinte
