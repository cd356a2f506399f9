// NEON: every 64-bit ARM processor.
#include <arm_neon.h>

#include "base.h"
#include "lanes_neon.h"
#include "steps.h"

namespace empreinte {
namespace {
const LocalSteps kLocalNeon = {
    blur_down<Neon>, blur_across<Neon>, difference,      every_second,      extrema<Neon>,
    gradients<Neon>, patch<Neon>,       histogram<Neon>, descriptors<Neon>, rows_near<Neon>,
};
}  // namespace
const emp_kernel kNeon = {
    "neon",
    "NEON (every 64-bit ARM)",
    [] { return true; },
    luma_row<Neon>,
    jarosz<Neon>,
    separable_filter<Neon>,
    dct<Neon>,
    gradient<Neon>,
    expand_luma,
    scan_block<Neon>,
    prefilter4<Neon>,
    probe_buckets<Neon>,
    follow_chains<Neon>,
    measure_rows<Neon>,
    mean_of_rows,
    mean_of_columns<Neon>,
    halve_colours<Neon>,
    planes_of<Neon>,
    halve_luma,
    sample_bilinear<Neon>,
    &kLocalNeon,
    crc32c,
};
}  // namespace empreinte
