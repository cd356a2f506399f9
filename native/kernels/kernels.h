// The dispatch table: one row for each instruction set. Every row gives the same answers; they differ in speed only.
#pragma once
#include "../empreinte.h"
#include "../local/extract/steps_of.h"
#include "../search/shard/block.h"
#include "../search/query/probe.h"
#include "../views/sampling/sampling_plan.h"

struct emp_kernel {
  const char* name;
  const char* instructions;
  bool (*supported)();

  // Writes the luma of row y, `width` floats.
  void (*luma_row)(const emp_pixels& pixels, uint32_t y, float* out);
  // Makes the 64×64 grid by the exact method, bit for bit the reference's.
  emp_status (*jarosz)(const emp_pixels& pixels, const emp_cancel& cancel, float* grid);
  // Makes the 64×64 grid by the separable filter: near the exact one, not equal. Both windows are at most 64.
  emp_status (*separable_filter)(const emp_pixels& pixels, const emp_cancel& cancel, float* grid);
  // Makes the 16×16 coefficients of a grid, bit for bit the reference's.
  void (*dct)(const float* grid, float* coefficients);
  // Sums the gradients of a grid, and counts the terms that are within `margin` of the next whole number.
  void (*gradient)(const float* grid, float margin, uint32_t* sum, uint32_t* doubtful);

  // Expands limited-range luma to the full range, in place.
  void (*expand_luma)(uint8_t* buffer, size_t samples);

  // See search/query/scan.h.
  uint32_t (*scan_block)(const empreinte::Block& block, uint32_t n, const empreinte::Row& query, uint32_t radius,
                         uint32_t columns, uint32_t* row, uint16_t* distance);
  uint32_t (*prefilter4)(const empreinte::Block& block, uint32_t from, uint32_t n, const empreinte::Row* query,
                         uint32_t columns, uint32_t radius, uint32_t* out);

  // See search/query/candidates.h.
  uint32_t (*probe_buckets)(empreinte::Probe* probes, uint32_t n, uint32_t* next, empreinte::Candidate* out,
                            uint32_t capacity);
  uint32_t (*follow_chains)(const empreinte::Block* blocks, const empreinte::Query& query,
                            empreinte::Candidate* candidates, uint32_t n);
  void (*measure_rows)(const empreinte::Block* blocks, const empreinte::Query& query,
                       const empreinte::Candidate* candidates, uint32_t n, empreinte::Measured* out);

  // See views/working_copy/reduce.h.
  void (*mean_of_rows)(const uint8_t* rows, size_t stride, const uint16_t* weight, uint32_t count, uint32_t samples,
                       uint16_t* sum);
  void (*mean_of_columns)(const empreinte::SummedRows& rows);
  void (*halve_colours)(const uint8_t* above, const uint8_t* below, uint32_t width, uint8_t* rgb);
  void (*planes_of)(const uint8_t* rgb, uint32_t width, uint8_t* luma, uint8_t* hue);
  void (*halve_luma)(const float* above, const float* below, uint32_t width, float* out);
  // See views/sampling/resample.h. Makes the 64×64 grid of a view.
  void (*sample_bilinear)(const empreinte::SamplingPlan& plan, float* grid);

  // See local/extract/steps_of.h. Null in WebAssembly, which only hashes.
  const empreinte::LocalSteps* local;

  // See search/file/crc32c.h.
  uint32_t (*crc32c)(uint32_t before, const void* data, size_t size);
};

namespace empreinte {
extern const emp_kernel kPortable;
#if defined(__x86_64__) || defined(_M_X64)
extern const emp_kernel kAvx2;
extern const emp_kernel kAvx512;
#endif
#if defined(__aarch64__) || defined(_M_ARM64)
extern const emp_kernel kNeon;
#endif
#if defined(__wasm_simd128__)
extern const emp_kernel kWasm;
#endif
}  // namespace empreinte
