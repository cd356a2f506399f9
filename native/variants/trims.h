// Peeling what is uniform off the sides of a box, line by line from the outside in.
#pragma once
#include "sketch.h"

namespace empreinte {

// Pixels of the sketch: left and top are inside, right and bottom are not.
struct Box {
  uint32_t left, top, right, bottom;
  uint32_t width() const { return right - left; }
  uint32_t height() const { return bottom - top; }
  bool operator==(const Box&) const = default;
};

// A box whose sides lie between pixels, in pixels of the working copy.
struct Frame {
  float left, top, right, bottom;
};

enum class Peel : uint8_t {
  first_colour,  // the colour of each side, and no other
  uniform,       // one colour after the other
  text           // the same, and past lines of text that stand in a colour
};

// The box without uniform lines along its sides, at least a tenth of its width and height, with the colours that were
// met last on each side (left, top, right, bottom).
struct Trimmed {
  Box box;
  uint8_t colour[4][3];
};
Trimmed trim(const Sketch& sketch, const Box& box, Peel peel);
// The same box measured on the working copy. Sides that `trim` has not moved from `from` stay.
Frame measure(const Picture& picture, const Sketch& sketch, const Trimmed& trimmed, const Box& from);

}  // namespace empreinte
