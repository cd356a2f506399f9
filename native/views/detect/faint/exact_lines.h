// How the lines of a side differ from the exact colour of its outermost line, measured once each.
#pragma once
#include "../../working_copy/working_copy.h"
#include "../side.h"

namespace empreinte {

// Two tolerances in levels: a frame as it was drawn, and one that was compressed.
constexpr uint8_t kTolerance[2] = {1, 3};

struct ExactLine {
  float mean;    // difference to the colour, 0 … kMostDiffers
  float off[2];  // share of pixels that are further off than kTolerance
};

class ExactLines {
 public:
  // Starts with the lines of a side of at most kWorkingSide lines, unless it has them. Its colour is the median of the
  // outermost line. Returns false when that line has other colours as well.
  bool start(const Side& side);
  const ExactLine& operator[](uint32_t i) {
    if (!done_[i]) measure(i);
    return lines_[i];
  }
  const uint8_t* colour() const { return colour_; }
  uint32_t size() const { return side_.lines; }

 private:
  void measure(uint32_t i);
  void measure_row(uint32_t i);
  void measure_columns(uint32_t first);

  Side side_ = {};
  uint8_t colour_[3] = {};
  bool flat_ = false;
  ExactLine lines_[kWorkingSide];
  uint8_t done_[kWorkingSide];
};

}  // namespace empreinte
