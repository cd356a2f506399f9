// AVX2, FMA and POPCNT: Haswell, Zen and later.
#include <immintrin.h>

#include "base.h"
#include "cpu.h"
#include "target.h"

EMPREINTE_TARGET_BEGIN("avx2,fma,popcnt,sse4.2")
#include "lanes_avx2.h"
#include "steps.h"

namespace empreinte {
namespace {
#include "../search/file/crc32c_x86.h"
}  // namespace
}  // namespace empreinte
EMPREINTE_TARGET_END

namespace empreinte {
namespace {
const LocalSteps kLocalAvx2 = {
    blur_down<Avx2>, blur_across<Avx2>, difference,      every_second,      extrema<Avx2>,
    gradients<Avx2>, patch<Avx2>,       histogram<Avx2>, descriptors<Avx2>, rows_near<Avx2>,
};
}  // namespace
const emp_kernel kAvx2 = {
    "avx2",
    "AVX2, FMA, POPCNT",
    cpu_has_avx2,
    luma_row<Avx2>,
    jarosz<Avx2>,
    separable_filter<Avx2>,
    dct<Avx2>,
    gradient<Avx2>,
    expand_luma,
    scan_block<Avx2>,
    prefilter4<Avx2>,
    probe_buckets<Avx2>,
    follow_chains<Avx2>,
    measure_rows<Avx2>,
    mean_of_rows,
    mean_of_columns<Avx2>,
    halve_colours<Avx2>,
    planes_of<Avx2>,
    halve_luma,
    sample_bilinear<Avx2>,
    &kLocalAvx2,
    crc32c_by_instruction,
};
}  // namespace empreinte
