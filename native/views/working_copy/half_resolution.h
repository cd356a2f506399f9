// The sketch: the working copy at half its side, which the detectors look over; what they find they measure on the
// working copy itself.
#pragma once
#include "working_copy.h"

namespace empreinte {

// Rows are padded to this many samples with copies of their last one, so that loops run in whole blocks.
constexpr uint32_t kBlock = 64;

struct HalfResolution {
  uint32_t scale = 1;              // pixels of the working copy to one here, 1 or 2
  uint32_t width = 0, height = 0;  // of the sketch
  uint32_t stride = 0;             // samples from one row of a plane to the next, a multiple of kBlock
  Array<uint8_t> rgb;              // 3 · width · height, interleaved, and kSpare of no meaning
  // Two planes of stride · height samples, one after the other: luma, and 128 + (red − blue)/2, which has the edges
  // between colours that are equally light. After them lies a block that may be read.
  Array<uint8_t> planes;
  size_t plane() const { return size_t{stride} * height; }  // from a sample to the same one in the other plane
  uint8_t* row(uint32_t y) { return planes.data() + size_t{stride} * y; }
  const uint8_t* row(uint32_t y) const { return planes.data() + size_t{stride} * y; }
  bool too_small() const { return width < 16 || height < 16; }
};

// How large the sketch of a picture that is laid out is, and room for it: two by two pixels to one where the picture is
// longer than 512 pixels; a narrow strip stays as it is.
emp_status lay_out(const WorkingCopy& copy, HalfResolution& out);
// The rows that rows first … first + count of the picture are the last of.
void add_rows(const WorkingCopy& copy, const emp_kernel& kernel, uint32_t first, uint32_t count, HalfResolution& out);
// All of it, of a picture that is filled.
emp_status make_half_resolution(const WorkingCopy& copy, const emp_kernel& kernel, HalfResolution& out);
// The planes of a sketch halved once more, for what needs no finer ones: `out` has no `rgb`.
emp_status halve(const HalfResolution& half, HalfResolution& out);

}  // namespace empreinte
