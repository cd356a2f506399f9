// The working copy at half its side. Detectors search it, and measure what they find on the working copy itself.
#pragma once
#include "working_copy.h"

namespace empreinte {

// Rows are padded to a multiple of this many samples with copies of their last one, so that loops run in whole blocks.
constexpr uint32_t kBlock = 64;

struct HalfResolution {
  uint32_t scale = 1;              // pixels of the working copy for one here, 1 or 2
  uint32_t width = 0, height = 0;  // pixels
  uint32_t stride = 0;             // samples from one row of a plane to the next, a multiple of kBlock
  Array<uint8_t> rgb;              // 3 · width · height interleaved samples, and kSpare unused bytes
  // Two planes of stride · height samples, one after the other. The first is luma. The second is 128 + (red − blue)/2,
  // which has the edges between colours of equal luma. A readable block follows them.
  Array<uint8_t> planes;
  size_t plane() const {
    return size_t{stride} * height;
  }  // the distance from a sample to the same one in the other plane
  uint8_t* row(uint32_t y) { return planes.data() + size_t{stride} * y; }
  const uint8_t* row(uint32_t y) const { return planes.data() + size_t{stride} * y; }
  bool too_small() const { return width < 16 || height < 16; }
};

// Sets the size for a working copy that is laid out, and allocates it. A copy longer than 512 pixels is reduced two by
// two; a narrow strip keeps its size.
emp_status lay_out(const WorkingCopy& copy, HalfResolution& out);
// Makes the rows for which rows first … first + count of the working copy are the last they need.
void add_rows(const WorkingCopy& copy, const emp_kernel& kernel, uint32_t first, uint32_t count, HalfResolution& out);
// Makes all rows from a filled working copy.
emp_status make_half_resolution(const WorkingCopy& copy, const emp_kernel& kernel, HalfResolution& out);
// Halves the planes once more, for detectors that need no finer ones. `out` has no `rgb`.
emp_status halve(const HalfResolution& half, HalfResolution& out);

}  // namespace empreinte
