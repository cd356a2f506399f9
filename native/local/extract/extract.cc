// From pixels to points: all steps, for an original and for a query.
#include <algorithm>

#include "../../kernels/kernels.h"
#include "../../search/shard/row.h"
#include "numbers.h"
#include "orientation.h"
#include "select.h"
#include "steps_of.h"
#include "twins.h"

namespace empreinte {
namespace {

constexpr float kFlat = 0.8f;         // the share of one colour from which on an image has no points
constexpr float kPatchExtent = 0.5f;  // sigmas from one sample of a patch to the next: 8 to each side
constexpr uint32_t kTogether = 64;    // points whose descriptors are made together

// Where a point is in the numbers of point.h.
LocalPoint point_of(const Extremum& e, float angle) {
  const float scale = static_cast<float>(1u << e.octave);
  return {e.x * scale + 0.5f, e.y * scale + 0.5f, e.sigma * scale, angle, {}};
}

void write_descriptors(const uint32_t (*words)[8], uint32_t count, uint8_t* out, size_t stride) {
  for (uint32_t i = 0; i < count; ++i) {
    Row row;
    std::memcpy(row.word, words[i], sizeof(row.word));
    unpermuted(row, out + stride * i);
  }
}

void take_patch(const LocalSteps& steps, const Level& level, const Extremum& e, float angle, LocalHistogram& out) {
  const Direction d = direction_of(angle);
  const float step = kPatchExtent * e.sigma;
  alignas(64) float patch[kPatchSide * kPatchSide + 16];
  std::fill(patch + kPatchSide * kPatchSide, patch + kPatchSide * kPatchSide + 16, 0.0f);
  steps.patch({level.data, level.stride, level.width, level.height, e.x, e.y, d.cosine * step, d.sine * step}, patch);
  steps.histogram(patch, out);
}

// The places in the order of their levels and rows, so that the rows around one are still in the cache for the next.
bool order_by_place(const GrowingList<Extremum>& extrema, Array<uint32_t>& order) {
  order = Array<uint32_t>(extrema.size());
  if (!order) return false;
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.data(), order.data() + order.size(), [&](uint32_t i, uint32_t j) {
    const Extremum &a = extrema[i], &b = extrema[j];
    if (a.octave != b.octave) return a.octave < b.octave;
    if (a.level != b.level) return a.level < b.level;
    return a.y < b.y;
  });
  return true;
}

// Describes the selected extrema, with up to `most` orientations each.
emp_status describe_all(const ScaleSpace& space, const GrowingList<Extremum>& extrema, uint32_t most,
                        const LocalSteps& steps, LocalPoints& out) {
  Array<uint32_t> order;
  Array<Orientations> orientations(extrema.size());
  out.points = Array<LocalPoint>(most * extrema.size());
  out.histograms = Array<LocalHistogram>(most * extrema.size());
  if (!orientations || !out.points || !out.histograms || !order_by_place(extrema, order)) return EMP_OUT_OF_MEMORY;
  for (size_t n = 0; n < order.size(); ++n) {
    const size_t i = order[n];
    const Level& level = space.octave[extrema[i].octave].level[extrema[i].level];
    const Orientations& o = orientations[i] = orientations_of(steps, level, extrema[i], most);
    for (uint32_t k = 0; k < o.count; ++k)
      take_patch(steps, level, extrema[i], o.angle[k], out.histograms[most * i + k]);
  }
  for (size_t i = 0; i < extrema.size(); ++i)
    for (uint32_t k = 0; k < orientations[i].count; ++k, ++out.count) {
      out.points[out.count] = point_of(extrema[i], orientations[i].angle[k]);
      out.histograms[out.count] = out.histograms[most * i + k];
    }
  uint32_t words[kTogether][8];
  for (uint32_t i = 0; i < out.count; i += kTogether) {
    const uint32_t n = std::min(kTogether, out.count - i);
    steps.descriptors(kLocalTable, out.histograms.data() + i, n, words);
    write_descriptors(words, n, out.points[i].descriptor, sizeof(LocalPoint));
  }
  return EMP_OK;
}

struct Choice {
  bool spread;            // over the image, or the strongest
  uint32_t most;          // places
  uint32_t orientations;  // of a place
};

emp_status extract(const emp_pixels& pixels, const emp_kernel& kernel, LocalCopySize size, const Choice& choice,
                   const emp_cancel* cancel, LocalPoints& out) {
  out = LocalPoints();
  emp_status status = emp_pixels_check(&pixels);
  if (status != EMP_OK) return status;
  out.width = pixels.width, out.height = pixels.height;
  out.copy_width = size.width, out.copy_height = size.height;
  LumaCopy copy;
  status = make_luma_copy(pixels, kernel, size, copy);
  if (status != EMP_OK || copy.flat >= kFlat) return status;
  Arena arena(scale_space_bytes(size.width, size.height));
  if (!arena) return EMP_OUT_OF_MEMORY;
  ScaleSpace space;
  status = build_scale_space(copy, kernel, cancel, arena, space);
  if (status != EMP_OK) return status;
  if (!choice.spread)
    select_strongest(choice.most, space.extrema);
  else if (!select_spread(copy, choice.most, space.extrema))
    return EMP_OUT_OF_MEMORY;
  status = describe_all(space, space.extrema, choice.orientations, steps_of(kernel), out);
  if (status != EMP_OK) return status;
  return drop_twins(steps_of(kernel), out) ? EMP_OK : EMP_OUT_OF_MEMORY;
}

}  // namespace

const LocalSteps& steps_of(const emp_kernel& kernel) { return *kernel.local; }

emp_status registered_points(const emp_pixels& pixels, const emp_kernel& kernel, uint32_t most,
                             const emp_cancel* cancel, LocalPoints& out) {
  if (most < 1 || most > kMostRegistered) return EMP_BAD_OPTION;
  const LocalCopySize size = registered_copy_size(pixels.width, pixels.height);
  const emp_status status = extract(pixels, kernel, size, {true, kMostRegistered, 1}, cancel, out);
  out.count = std::min(out.count, most);
  return status;
}

emp_status query_points(const emp_pixels& pixels, const emp_kernel& kernel, const emp_cancel* cancel,
                        LocalPoints& out) {
  const LocalCopySize size = query_copy_size(pixels.width, pixels.height);
  return extract(pixels, kernel, size, {false, kQueryPoints, 2}, cancel, out);
}

void describe(const LocalPoints& p, LocalForm form, const emp_kernel& kernel, uint8_t* out) {
  // A mirrored patch has its rows and the directions' sense reversed; in a negative one all gradients, and so the
  // orientation, are turned by 180°, so that rows and columns are reversed.
  const bool mirrored = form == LocalForm::mirrored || form == LocalForm::mirrored_negative;
  const bool negative = form == LocalForm::negative || form == LocalForm::mirrored_negative;
  LocalHistogram changed[kTogether];
  uint32_t words[kTogether][8];
  for (uint32_t first = 0; first < p.count; first += kTogether) {
    const uint32_t n = std::min(kTogether, p.count - first);
    for (uint32_t i = 0; i < n; ++i)
      for (uint32_t y = 0; y < 4; ++y)
        for (uint32_t x = 0; x < 4; ++x)
          for (uint32_t b = 0; b < 8; ++b) {
            const uint32_t row = mirrored != negative ? 3 - y : y, column = negative ? 3 - x : x;
            const uint32_t direction = mirrored ? (8 - b) & 7u : b;
            changed[i].v[(4 * y + x) * 8 + b] = p.histograms[first + i].v[(4 * row + column) * 8 + direction];
          }
    steps_of(kernel).descriptors(kLocalTable, changed, n, words);
    write_descriptors(words, n, out + size_t{EMP_HASH_BYTES} * first, EMP_HASH_BYTES);
  }
}

}  // namespace empreinte
