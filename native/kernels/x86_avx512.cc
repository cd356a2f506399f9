// AVX-512 with VPOPCNTDQ: Ice Lake, Zen 4 and later.
#include <immintrin.h>

#include "base.h"
#include "cpu.h"
#include "target.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // gcc 12's own avx512fintrin.h
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

EMPREINTE_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx512bitalg,avx2,fma,popcnt,sse4.2")
#include "lanes_avx512.h"
#include "steps.h"

namespace empreinte {
namespace {
#include "../search/file/crc32c_x86.h"
}  // namespace
}  // namespace empreinte

EMPREINTE_TARGET_END

namespace empreinte {
namespace {
const LocalSteps kLocalAvx512 = {
    blur_down<Avx512>, blur_across<Avx512>, difference,        every_second,        extrema<Avx512>,
    gradients<Avx512>, patch<Avx512>,       histogram<Avx512>, descriptors<Avx512>, rows_near<Avx512>,
};
}  // namespace
const emp_kernel kAvx512 = {
    "avx512",
    "AVX-512 F, BW, DQ, VL, VPOPCNTDQ, BITALG",
    cpu_has_avx512,
    luma_row<Avx512>,
    jarosz<Avx512>,
    separable_filter<Avx512>,
    dct<Avx512>,
    gradient<Avx512>,
    expand_luma,
    scan_block<Avx512>,
    prefilter4<Avx512>,
    probe_buckets<Avx512>,
    follow_chains<Avx512>,
    measure_rows<Avx512>,
    mean_of_rows,
    mean_of_columns<Avx512>,
    halve_colours<Avx512>,
    planes_of<Avx512>,
    halve_luma,
    sample_bilinear<Avx512>,
    &kLocalAvx512,
    crc32c_by_instruction,
};
}  // namespace empreinte
