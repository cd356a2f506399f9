// Long straight edges along the rows and columns of the half resolution, as the sides of pasted images are.
#pragma once
#include "../working_copy/half_resolution.h"

namespace empreinte {

constexpr uint32_t kGroup = 8;        // edge pixels are counted in groups of this many along a line
constexpr uint32_t kMaxGroups = 128;  // 1,024 pixels, the longest side that was not halved
constexpr size_t kLines = 14;         // kept in each direction

// A row or column with a stretch of edge pixels; `sum[i]` of them are in its first i groups.
struct StraightLine {
  uint32_t at = 0;   // the edge is between pixel at−1 and pixel at+1
  bool own = false;  // whether it is a side of the image itself
  uint16_t sum[kMaxGroups + 1] = {};
};

// The lines in the order of their positions, with the sides of the image itself.
struct Lines {
  StraightLine line[kLines + 2];
  size_t n = 0;
};

emp_status find_straight_lines(const HalfResolution& half, Lines& rows, Lines& columns);

}  // namespace empreinte
