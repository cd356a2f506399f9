// Runs the steps of a hash in their order.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "../kernels/kernels.h"
#include "bits.h"
#include "certificate.h"
#include "pixels.h"
#include "quality.h"
#include "samples/nearest512.h"

namespace empreinte {
namespace {

// An image of 64×64 is copied, not filtered, for the hash itself. The reference's dihedral entry point does filter it.
bool is_grid(const emp_pixels& p) { return p.width == EMP_GRID && p.height == EMP_GRID; }

void copy_grid(const emp_pixels& p, const emp_kernel& kernel, float* grid) {
  for (uint32_t y = 0; y < EMP_GRID; ++y) kernel.luma_row(p, y, grid + EMP_GRID * y);
}

bool fast_fits(const emp_pixels& p) { return window_of(p.width) <= 64 && window_of(p.height) <= 64; }

void put_stable(const float* coefficients, emp_hash_result* result) {
  float largest = 0;
  for (int i = 0; i < kCoefficients; ++i) largest = std::max(largest, std::abs(coefficients[i]));
  result->stable = largest >= kStable;
}

void put_dihedral(const float* coefficients, emp_hash_result* result) {
  for (int orientation = 0; orientation < EMP_DIHEDRAL_COUNT; ++orientation) {
    float turned[kCoefficients];
    dihedral_coefficients(coefficients, orientation, turned);
    hash_bits(turned, median_of(turned).value, result->dihedral[orientation]);
  }
}

// Runs steps 4 to 9 on a grid.
void put_hash(const emp_kernel& kernel, bool dihedral, emp_hash_trace* t, emp_hash_result* result) {
  uint32_t sum, doubtful;
  kernel.gradient(t->grid, 0.0f, &sum, &doubtful);
  kernel.dct(t->grid, t->coefficients);
  t->median = median_of(t->coefficients).value;
  hash_bits(t->coefficients, t->median, result->hash);
  result->quality = quality_of(sum);
  put_stable(t->coefficients, result);
  if (dihedral) put_dihedral(t->coefficients, result);
}

emp_status hash_exact(const emp_pixels& p, const emp_kernel& kernel, const emp_hash_options& options, emp_hash_trace* t,
                      emp_hash_result* result) {
  const bool grid = is_grid(p);
  if (!grid || options.dihedral) {
    const emp_status status = kernel.jarosz(p, options.cancel, t->grid);
    if (status != EMP_OK) return status;
    put_hash(kernel, options.dihedral != 0, t, result);
  }
  if (grid) {
    copy_grid(p, kernel, t->grid);
    put_hash(kernel, false, t, result);
  }
  return EMP_OK;
}

emp_status hash_fast(const emp_pixels& p, const emp_kernel& kernel, const emp_hash_options& options, emp_hash_trace* t,
                     emp_hash_result* result, bool* sure) {
  const emp_status status = kernel.separable_filter(p, options.cancel, t->grid);
  if (status != EMP_OK) return status;
  const ErrorBound bound = error_bound(p);
  uint32_t sum, doubtful;
  // Two neighbours are each off by at most bound.grid, scaled as the gradient is.
  kernel.gradient(t->grid, 2 * bound.grid * 100 / 255, &sum, &doubtful);
  kernel.dct(t->grid, t->coefficients);
  *sure = certain(t->coefficients, options.dihedral != 0, sum, doubtful, bound);
  t->median = median_of(t->coefficients).value;
  hash_bits(t->coefficients, t->median, result->hash);
  result->quality = quality_of(sum);
  put_stable(t->coefficients, result);
  if (options.dihedral && *sure) put_dihedral(t->coefficients, result);
  return EMP_OK;
}

emp_status hash_pixels(const emp_pixels& p, const emp_hash_options& options, emp_hash_result* result,
                       emp_hash_trace* trace) {
  std::memset(result, 0, sizeof(*result));
  if (p.width < kLeastSide || p.height < kLeastSide) return EMP_OK;
  const emp_kernel& kernel = *options.kernel;
  if (options.method != EMP_METHOD_EXACT && !is_grid(p) && fast_fits(p)) {
    bool sure = false;
    const emp_status status = hash_fast(p, kernel, options, trace, result, &sure);
    if (status != EMP_OK) return status;
    if (sure || options.method == EMP_METHOD_FAST) {
      result->method_used = EMP_USED_FAST;
      return EMP_OK;
    }
    result->method_used = EMP_USED_FALLBACK;
  } else {
    result->method_used = EMP_USED_EXACT;
  }
  return hash_exact(p, kernel, options, trace, result);
}

emp_status hash_checked(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result,
                        emp_hash_trace* trace) {
  const emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  emp_hash_options chosen = *options;
  if (chosen.method < EMP_METHOD_AUTO || chosen.method > EMP_METHOD_FAST || chosen.compat < EMP_COMPAT_NONE ||
      chosen.compat > EMP_COMPAT_CPP_CLI)
    return EMP_BAD_OPTION;
  if (chosen.kernel == nullptr) {
    const emp_status found = emp_kernel_find(nullptr, &chosen.kernel);
    if (found != EMP_OK) return found;
  }
  if (chosen.compat == EMP_COMPAT_CPP_CLI && cli_resizes(*pixels)) {
    const Array<uint8_t> small = nearest512(*pixels);
    if (!small) return EMP_OUT_OF_MEMORY;
    const emp_pixels p = {small.data(), small.size(),     kCliSide,
                          kCliSide,     pixels->channels, size_t{kCliSide} * pixels->channels};
    return hash_pixels(p, chosen, result, trace);
  }
  return hash_pixels(*pixels, chosen, result, trace);
}

}  // namespace
}  // namespace empreinte

emp_status emp_pixels_check(const emp_pixels* p) {
  constexpr uint32_t kMostSide = 1u << 24;
  if (p->data == nullptr || p->width == 0 || p->height == 0 || p->width > kMostSide || p->height > kMostSide)
    return EMP_BAD_GEOMETRY;
  if (p->channels != 1 && p->channels != 3 && p->channels != 4) return EMP_BAD_GEOMETRY;
  const uint64_t row = uint64_t{p->width} * p->channels;
  if (p->stride < row || row > p->size) return EMP_BAD_GEOMETRY;
  // The last row need not be padded to the stride. The expression cannot overflow.
  if (p->height > 1 && (p->size - row) / (p->height - 1) < p->stride) return EMP_BAD_GEOMETRY;
  return EMP_OK;
}

emp_status emp_hash(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result) {
  emp_hash_trace trace;
  return empreinte::hash_checked(pixels, options, result, &trace);
}

emp_status emp_hash_traced(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result,
                           emp_hash_trace* trace) {
  if (options->method == EMP_METHOD_AUTO) return EMP_BAD_OPTION;
  std::memset(trace, 0, sizeof(*trace));
  return empreinte::hash_checked(pixels, options, result, trace);
}

emp_status emp_luma_row(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t y, float* out) {
  const emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  if (y >= pixels->height) return EMP_BAD_GEOMETRY;
  kernel->luma_row(*pixels, y, out);
  return EMP_OK;
}
