// WebAssembly's fixed-width SIMD.
#include <wasm_simd128.h>

#include "base.h"
#include "lanes_wasm.h"
#include "steps.h"

namespace empreinte {
const emp_kernel kWasm = {
    "wasm",
    "WebAssembly SIMD (fixed width)",
    [] { return true; },
    luma_row<Wasm>,
    jarosz<Wasm>,
    separable_filter<Wasm>,
    dct<Wasm>,
    gradient<Wasm>,
    expand_luma,
    scan_block<Wasm>,
    prefilter4<Wasm>,
    probe_buckets<Wasm>,
    follow_chains<Wasm>,
    measure_rows<Wasm>,
    mean_of_rows,
    mean_of_columns<Wasm>,
    halve_colours<Wasm>,
    planes_of<Wasm>,
    halve_luma,
    sample_bilinear<Wasm>,
    nullptr,
    crc32c,
};
}  // namespace empreinte
