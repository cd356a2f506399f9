// Edges along the rows and columns of a sketch that are long and straight, as the sides of pasted pictures are.
#pragma once
#include "../working_copy/half_resolution.h"

namespace empreinte {

constexpr uint32_t kGroup = 8;        // edge pixels are counted in groups of this many along a line
constexpr uint32_t kMaxGroups = 128;  // 1,024 pixels, the longest side of a sketch that was not halved
constexpr size_t kLines = 14;         // kept in each direction

// A row or column with a stretch of edge pixels; `sum[i]` of them lie in its first i groups.
struct Line {
  uint32_t at = 0;   // the edge lies between pixel at−1 and pixel at+1
  bool own = false;  // the picture's own side
  uint16_t sum[kMaxGroups + 1] = {};
};

// In the order of their places, the picture's own sides with them.
struct Lines {
  Line line[kLines + 2];
  size_t n = 0;
};

emp_status find_straight_lines(const HalfResolution& half, Lines& rows, Lines& columns);

}  // namespace empreinte
