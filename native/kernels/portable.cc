// The baseline in plain C++. It runs everywhere, and the other kernels are compared with it.
#include "base.h"
#include "lanes_portable.h"
#include "steps.h"

namespace empreinte {
namespace {
#if defined(__wasm__)
constexpr const LocalSteps* kLocal = nullptr;
#else
const LocalSteps kSteps = {
    blur_down<Portable>, blur_across<Portable>, difference,          every_second,          extrema<Portable>,
    gradients<Portable>, patch<Portable>,       histogram<Portable>, descriptors<Portable>, rows_near<Portable>,
};
constexpr const LocalSteps* kLocal = &kSteps;
#endif
}  // namespace
const emp_kernel kPortable = {
    "portable",
    "none beyond the baseline",
    [] { return true; },
    luma_row<Portable>,
    jarosz<Portable>,
    separable_filter<Portable>,
    dct<Portable>,
    gradient<Portable>,
    expand_luma,
    scan_block<Portable>,
    prefilter4<Portable>,
    probe_buckets<Portable>,
    follow_chains<Portable>,
    measure_rows<Portable>,
    mean_of_rows,
    mean_of_columns<Portable>,
    halve_colours<Portable>,
    planes_of<Portable>,
    halve_luma,
    sample_bilinear<Portable>,
    kLocal,
    crc32c,
};
}  // namespace empreinte
