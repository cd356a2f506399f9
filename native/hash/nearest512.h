// The step only the C++ command-line tool and its WASM build take (reference: io/pdqio.cpp): when a side is above 512,
// the picture is first brought to 512×512, nearest neighbour, out[y][x] = in[⌊y·H/512⌋][⌊x·W/512⌋].
#pragma once
#include "../memory.h"
#include "pixels.h"

namespace empreinte {

constexpr uint32_t kCliSide = 512;

inline bool cli_resizes(const emp_pixels& p) { return p.width > kCliSide || p.height > kCliSide; }

// The 512×512 picture, samples interleaved without padding; empty when there is no memory.
Array<uint8_t> nearest512(const emp_pixels& pixels);

}  // namespace empreinte
