// The steps that every kernel has its own code for. All give the same bits: each float is computed by the same
// operations in the same order, without fused ones.
#pragma once
#include <cstdint>

#include "../point.h"
#include "../table.h"

namespace empreinte {

constexpr uint32_t kPatchSide = 32;  // samples of a patch
constexpr uint32_t kBins = 36;       // of the directions of an orientation

// Where a patch is taken: sample (i, j) is at (x + (i − 15.5)·across − (j − 15.5)·down, …), turned by the orientation.
struct PatchPlace {
  const float* data;  // of a level
  uint32_t stride, width, height;
  float x, y;          // samples of the level
  float cosine, sine;  // of the orientation, times the distance of two samples of the patch
};

struct LocalSteps {
  // out[x] = weight[0]·rows[radius][x] + Σ weight[i]·(rows[radius − i][x] + rows[radius + i][x]). Works in blocks
  // of 16.
  void (*blur_down)(const float* const* rows, const float* weight, uint32_t radius, uint32_t width, float* out);
  // The same along one row, which is readable `radius` samples and a block beyond both ends.
  void (*blur_across)(const float* row, const float* weight, uint32_t radius, uint32_t width, float* out);
  void (*difference)(const float* a, const float* b, uint32_t width, float* out);
  void (*every_second)(const float* row, uint32_t width, float* out);
  // Writes each x of from … to − 1 at which rows[1][1][x] is beyond ±least and at least as far as its 26 neighbours in
  // rows[level][y]. Returns how many.
  uint32_t (*extrema)(const float* const (&rows)[3][3], float least, uint32_t from, uint32_t to, uint16_t* out);
  // The length of the gradient at row[0 … n − 1], and its direction as 0 … kBins. Writes in blocks of 16.
  void (*gradients)(const float* row, uint32_t stride, uint32_t n, float* length, float* bin);
  // kPatchSide² samples and a block more.
  void (*patch)(const PatchPlace& place, float* out);
  // 4×4 cells of 8 directions of a patch.
  void (*histogram)(const float* patch, LocalHistogram& out);
  // The signs of a table's directions, in the order of rows of the index: word w has directions 32·w … 32·w + 31.
  void (*descriptors)(const LocalTable& table, const LocalHistogram* histograms, uint32_t count, uint32_t (*out)[8]);
  // Writes the numbers of the rows after `row` that differ from it in at most `radius` bits. Returns how many.
  uint32_t (*rows_near)(const uint64_t (*rows)[4], uint32_t row, uint32_t count, uint32_t radius, uint16_t* out);
};

const LocalSteps& steps_of(const emp_kernel& kernel);

}  // namespace empreinte
