// Peels uniform lines off the sides of a box, one by one from the outside in.
#pragma once
#include "../working_copy/half_resolution.h"

namespace empreinte {

// A box in pixels of the half resolution. Left and top are inside, right and bottom are not.
struct Box {
  uint32_t left, top, right, bottom;
  uint32_t width() const { return right - left; }
  uint32_t height() const { return bottom - top; }
  bool operator==(const Box&) const = default;
};

// A box whose sides are between pixels, in pixels of the working copy.
struct Frame {
  float left, top, right, bottom;
};

// A box without uniform lines along its sides, at least a tenth of its width and height, with the last colour of each
// side (left, top, right, bottom).
struct Trimmed {
  Box box;
  uint8_t colour[4][3];
};
struct How {
  bool text = false;        // peels lines of text on a colour too
  bool one_colour = false;  // peels only the outermost colour of each side
  uint32_t sides = 15;      // bit 0 left, 1 top, 2 right, 3 bottom
  float corner = 0;         // how far in the first uniform line may be, as a share: frames may have round corners
};
Trimmed trim(const HalfResolution& half, const Box& box, const How& how);
// Measures the same box on the working copy. Sides that `trim` has not moved from `from` stay.
Frame measure(const WorkingCopy& copy, const HalfResolution& half, const Trimmed& trimmed, const Box& from);

}  // namespace empreinte
