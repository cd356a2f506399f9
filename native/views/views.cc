// The order of the stages, and what a caller may ask for.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <new>

#include "../hash/pixels.h"
#include "../kernels/kernels.h"
#include "align.h"
#include "detect/detect.h"
#include "geometry/fixed.h"
#include "sampling/sample.h"

using namespace empreinte;

struct emp_variants {
  const emp_kernel* kernel;
  Picture picture;
  Levels levels;
  Sketch sketch;
  float flat;
  // What was given, so that a view that two ideas lead to is one hash.
  static constexpr size_t kGiven = 512;
  uint8_t given[kGiven][EMP_HASH_BYTES];
  size_t given_count;
  // What the detectors were surest of.
  View found[2];
  size_t found_count;
};

namespace {

constexpr uint32_t kSame = 2;
constexpr float kFlat = 0.8f;

bool hash_view(const emp_variants& v, const emp_view& from, const Sampling& sampling, emp_variant* out) {
  float grid[EMP_GRID * EMP_GRID];
  View view = {};
  std::copy(from.x, from.x + 4, view.x);
  std::copy(from.y, from.y + 4, view.y);
  view.kind = static_cast<ViewKind>(from.kind);
  if (!sample_view(v.levels, view, sampling, grid)) return false;
  GridHash hash;
  hash_grid(*v.kernel, grid, &hash, nullptr);
  out->view = from;
  std::memcpy(out->hash, hash.hash, EMP_HASH_BYTES);
  out->quality = hash.quality;
  out->stable = hash.stable;
  return true;
}

emp_view public_view(const View& view) {
  emp_view out;
  std::copy(view.x, view.x + 4, out.x);
  std::copy(view.y, view.y + 4, out.y);
  out.kind = static_cast<uint32_t>(view.kind);
  out.turned = view.turned;
  return out;
}

void add_rows_of(void* context, uint32_t first, uint32_t count) {
  emp_variants& variants = *static_cast<emp_variants*>(context);
  add_rows(first, count, variants.levels);
  add_rows(variants.picture, *variants.kernel, first, count, variants.sketch);
}

// The variants of a stage as they are made.
class Stage {
 public:
  Stage(emp_variants* variants, const emp_cancel* cancel, emp_variant* out)
      : variants_(*variants), cancel_(cancel), out_(out) {}

  // False when the work is to end.
  bool add(const View& view) {
    if (cancel_ != nullptr && cancel_->poll != nullptr && cancel_->poll(cancel_->context))
      return stopped_ = true, false;
    if (count == EMP_STAGE_MOST) return false;
    emp_variant& made = out_[count];
    if (!hash_view(variants_, public_view(view), {}, &made)) return true;
    for (size_t i = 0; i < variants_.given_count; ++i)
      if (emp_hash_distance(variants_.given[i], made.hash) <= kSame) return true;
    if (variants_.given_count < emp_variants::kGiven)
      std::memcpy(variants_.given[variants_.given_count++], made.hash, EMP_HASH_BYTES);
    ++count;
    return true;
  }
  void add_all(const Views& views) {
    for (size_t i = 0; i < views.size(); ++i)
      if (!add(views[i])) return;
  }
  emp_status status() const { return stopped_ ? EMP_CANCELLED : EMP_OK; }

  size_t count = 0;

 private:
  emp_variants& variants_;
  const emp_cancel* cancel_;
  emp_variant* out_;
  bool stopped_ = false;
};

constexpr size_t kMirroredViews = 6;

// What all detectors find, but for views of which one colour has most: a card or a text, not a picture.
emp_status detect(const emp_variants& v, Views& out) {
  View room[EMP_STAGE_MOST];
  Views found(room, EMP_STAGE_MOST);
  for (const auto find : {find_trims, find_parts, find_quadrilaterals, find_rectangles}) {
    const emp_status status = find(v.picture, v.sketch, found);
    if (status != EMP_OK) return status;
  }
  for (size_t i = 0; i < found.size(); ++i)
    if (view_flatness(v.picture, found[i]) < kFlat) out.add(found[i]);
  return EMP_OK;
}

}  // namespace

emp_status emp_variants_create(const emp_pixels* pixels, const emp_kernel* kernel, emp_variants** out) {
  *out = nullptr;
  emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  if (kernel == nullptr) {
    status = emp_kernel_find(nullptr, &kernel);
    if (status != EMP_OK) return status;
  }
  emp_variants* variants = new (std::nothrow) emp_variants;
  if (variants == nullptr) return EMP_OUT_OF_MEMORY;
  variants->kernel = kernel;
  variants->given_count = variants->found_count = 0;
  status = lay_out(*pixels, variants->picture);
  if (status == EMP_OK) status = lay_out(variants->picture, *kernel, variants->levels);
  if (status == EMP_OK) status = lay_out(variants->picture, variants->sketch);
  if (status == EMP_OK) status = fill(*pixels, *kernel, {add_rows_of, variants}, variants->picture);
  if (status != EMP_OK) {
    delete variants;
    return status;
  }
  variants->flat = flatness(variants->sketch);
  *out = variants;
  return EMP_OK;
}

void emp_variants_destroy(emp_variants* variants) { delete variants; }

float emp_variants_flatness(const emp_variants* variants) { return variants->flat; }

emp_status emp_variants_stage(emp_variants* variants, emp_variant_stage stage, const emp_cancel* cancel,
                              emp_variant* out, size_t* count) {
  *count = 0;
  Stage made(variants, cancel, out);
  View room[EMP_STAGE_MOST];
  static_assert(kFixedViews <= EMP_STAGE_MOST && kWideViews + 2 <= EMP_STAGE_MOST);
  Views views(room, EMP_STAGE_MOST);
  const float width = static_cast<float>(variants->picture.source_width);
  const float height = static_cast<float>(variants->picture.source_height);
  switch (stage) {
    case EMP_STAGE_TURNED:
      for (const uint32_t turned : {5u, 1u, 3u, 2u, 4u, 6u, 7u})
        if (!made.add(turned_view(box(0, 0, 1, 1, ViewKind::whole), turned))) break;
      break;
    case EMP_STAGE_DETECTED: {
      const emp_status status = detect(*variants, views);
      if (status != EMP_OK) return status;
      made.add_all(views);
      for (variants->found_count = 0; variants->found_count < std::min<size_t>(2, views.size());
           ++variants->found_count)
        variants->found[variants->found_count] = views[variants->found_count];
      // What was put into a frame may have been mirrored first; the surest ones only.
      for (size_t i = 0; i < views.size() && i < kMirroredViews; ++i)
        if (!made.add(turned_view(views[i], kMirroredView))) break;
      break;
    }
    case EMP_STAGE_FIXED:
      fixed_views(width, height, views);
      made.add_all(views);
      break;
    case EMP_STAGE_WIDE:
      wide_views(width, height, views);
      // Cropped first, then put into a frame.
      for (size_t i = 0; i < variants->found_count; ++i) views.add(zoomed_out(variants->found[i], 0.05f));
      made.add_all(views);
      break;
    default:
      return EMP_BAD_OPTION;
  }
  *count = made.count;
  return made.status();
}

emp_status emp_variants_hash(emp_variants* variants, const emp_view* view, uint32_t side, emp_variant* out) {
  if (side > 1u << 24) return EMP_BAD_OPTION;
  return hash_view(*variants, *view, {side, false}, out) ? EMP_OK : EMP_BAD_GEOMETRY;
}

emp_status emp_variants_align(emp_variants* variants, const emp_view* from, const uint8_t* target, emp_variant* out) {
  View view = {};
  std::copy(from->x, from->x + 4, view.x);
  std::copy(from->y, from->y + 4, view.y);
  view.kind = ViewKind::aligned;
  Aligned aligned;
  if (!align_view(*variants->kernel, variants->levels, view, target, &aligned)) return EMP_BAD_GEOMETRY;
  std::copy(aligned.view.x, aligned.view.x + 4, out->view.x);
  std::copy(aligned.view.y, aligned.view.y + 4, out->view.y);
  out->view.kind = EMP_VIEW_ALIGNED;
  out->view.turned = from->turned;
  std::memcpy(out->hash, aligned.hash.hash, EMP_HASH_BYTES);
  out->quality = aligned.hash.quality;
  out->stable = aligned.hash.stable;
  return EMP_OK;
}
