// A step that only the C++ command-line tool and its WASM build take (reference: io/pdqio.cpp). When a side is above
// 512, they first resize the image to 512×512 by nearest neighbour: out[y][x] = in[⌊y·H/512⌋][⌊x·W/512⌋].
#pragma once
#include "../../memory.h"
#include "../pixels.h"

namespace empreinte {

constexpr uint32_t kCliSide = 512;

inline bool cli_resizes(const emp_pixels& p) { return p.width > kCliSide || p.height > kCliSide; }

// Returns the 512×512 image, with interleaved samples and no padding. It is empty when there is no memory.
Array<uint8_t> nearest512(const emp_pixels& pixels);

}  // namespace empreinte
