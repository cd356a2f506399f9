// How far the exact colour of a frame reaches into a box from each side, and where text interrupts it. `trims.cc`
// allows for noise, and so takes the edge of a dark or bright image for the frame. But a frame was drawn, and has no
// noise.
#pragma once
#include <memory>
#include <new>

#include "exact_lines.h"
#include "../trims.h"

namespace empreinte {

// The most runs of text that are noted on a side.
constexpr size_t kRuns = 10;

// A run of lines with text on the frame's colour. `sure` as in Margin.
struct Run {
  float start, end;
  bool sure;
};

// What one side of a box shows, in lines of the working copy from the outside in.
struct Margin {
  bool flat = false;  // the outermost line has one colour, without noise
  bool sure = false;  // at `end` most of the line changes at once, as between a frame and an image
  bool text = false;  // text interrupts the colour
  float end = 0;      // where the colour ends
  size_t runs = 0;
  Run run[kRuns] = {};
};

struct Margins {
  Margin side[4];  // left, top, right, bottom
  bool any() const { return side[0].flat || side[1].flat || side[2].flat || side[3].flat; }
};

// Finds the margins of a box in pixels of the working copy. It keeps what it measured of the lines, which the margins
// for different tolerances and with text share.
class MarginFinder {
 public:
  // The last `corner` of each side, as a share, is ignored: bubbles have round corners.
  MarginFinder(const WorkingCopy& copy, const Box& box, float corner) : copy_(copy), box_(box), corner_(corner) {}
  // Returns false when memory is exhausted.
  bool allocate() { return (lines_ = std::unique_ptr<Lines>(new (std::nothrow) Lines)) != nullptr; }
  // Tolerance 0 or 1: see kTolerance. With `text`, lines of text above and below belong to the margin.
  Margins find(uint32_t tolerance, bool text);

 private:
  struct Lines {
    ExactLines side[4];
  };
  Margin measure(int side, const Box& rest, uint32_t tolerance, bool text);

  const WorkingCopy& copy_;
  const Box box_;
  const float corner_;
  std::unique_ptr<Lines> lines_;
};

}  // namespace empreinte
