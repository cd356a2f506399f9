// The stages in their order, and the C functions on a query image.
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

struct emp_views {
  const emp_kernel* kernel;
  WorkingCopy copy;
  Levels levels;
  HalfResolution half;
  float flat;
  // The hashes given so far, so that a view that two ideas lead to is given once.
  static constexpr size_t kGiven = 512;
  uint8_t given[kGiven][EMP_HASH_BYTES];
  size_t given_count;
  // The two views that the detectors were surest of.
  View found[2];
  size_t found_count;
};

namespace {

constexpr uint32_t kSame = 2;
constexpr float kFlat = 0.8f;

bool hash_view(const emp_views& v, const emp_view& from, const Sampling& sampling, emp_view_hash* out) {
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
  out->flat = 0;
  return true;
}

emp_view public_view(const View& view) {
  emp_view out;
  std::copy(view.x, view.x + 4, out.x);
  std::copy(view.y, view.y + 4, out.y);
  out.kind = static_cast<uint32_t>(view.kind);
  out.orientation = view.orientation;
  return out;
}

void add_rows_of(void* context, uint32_t first, uint32_t count) {
  emp_views& views = *static_cast<emp_views*>(context);
  add_rows(first, count, views.levels);
  add_rows(views.copy, *views.kernel, first, count, views.half);
}

// Collects the hashed views of a stage.
class Stage {
 public:
  Stage(emp_views* views, const emp_cancel* cancel, emp_view_hash* out) : views_(*views), cancel_(cancel), out_(out) {}

  // Returns false when the stage is full or cancelled.
  bool add(const View& view, bool flat = false) {
    if (cancel_ != nullptr && cancel_->poll != nullptr && cancel_->poll(cancel_->context))
      return stopped_ = true, false;
    if (count == EMP_STAGE_MOST) return false;
    emp_view_hash& made = out_[count];
    if (!hash_view(views_, public_view(view), {}, &made)) return true;
    made.flat = flat;
    for (size_t i = 0; i < views_.given_count; ++i)
      if (emp_hash_distance(views_.given[i], made.hash) <= kSame) return true;
    if (views_.given_count < emp_views::kGiven)
      std::memcpy(views_.given[views_.given_count++], made.hash, EMP_HASH_BYTES);
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
  emp_views& views_;
  const emp_cancel* cancel_;
  emp_view_hash* out_;
  bool stopped_ = false;
};

constexpr size_t kMirroredViews = 6, kFlatViews = 24;

// Runs all detectors. A view that is mostly of one colour may be a card or a text, and is added to `flat`.
emp_status detect(const emp_views& v, Views& out, Views& flat) {
  View room[EMP_STAGE_MOST];
  Views found(room, EMP_STAGE_MOST);
  for (const auto find : {find_trims, find_components, find_quadrilaterals, find_rectangles, find_faint_frames}) {
    const emp_status status = find(v.copy, v.half, found);
    if (status != EMP_OK) return status;
  }
  for (size_t i = 0; i < found.size(); ++i) (view_flatness(v.copy, found[i]) < kFlat ? out : flat).add(found[i]);
  return EMP_OK;
}

}  // namespace

emp_status emp_views_create(const emp_pixels* pixels, const emp_kernel* kernel, emp_views** out) {
  *out = nullptr;
  emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  if (kernel == nullptr) {
    status = emp_kernel_find(nullptr, &kernel);
    if (status != EMP_OK) return status;
  }
  emp_views* views = new (std::nothrow) emp_views;
  if (views == nullptr) return EMP_OUT_OF_MEMORY;
  views->kernel = kernel;
  views->given_count = views->found_count = 0;
  status = lay_out(*pixels, views->copy);
  if (status == EMP_OK) status = lay_out(views->copy, *kernel, views->levels);
  if (status == EMP_OK) status = lay_out(views->copy, views->half);
  if (status == EMP_OK) status = fill(*pixels, *kernel, {add_rows_of, views}, views->copy);
  if (status != EMP_OK) {
    delete views;
    return status;
  }
  views->flat = flatness(views->half);
  *out = views;
  return EMP_OK;
}

void emp_views_destroy(emp_views* views) { delete views; }

float emp_views_flatness(const emp_views* views) { return views->flat; }

emp_status emp_views_stage(emp_views* views, emp_view_stage stage, const emp_cancel* cancel, emp_view_hash* out,
                           size_t* count) {
  *count = 0;
  Stage made(views, cancel, out);
  View room[EMP_STAGE_MOST];
  static_assert(kFixedViews <= EMP_STAGE_MOST && kLargeViews + 2 <= EMP_STAGE_MOST);
  Views chosen(room, EMP_STAGE_MOST);
  const float width = static_cast<float>(views->copy.source_width);
  const float height = static_cast<float>(views->copy.source_height);
  switch (stage) {
    case EMP_STAGE_TURNED:
      for (const uint32_t orientation : {5u, 1u, 3u, 2u, 4u, 6u, 7u})
        if (!made.add(oriented_view(box(0, 0, 1, 1, ViewKind::whole), orientation))) break;
      break;
    case EMP_STAGE_DETECTED: {
      View flat_room[kFlatViews];
      Views flat(flat_room, kFlatViews);
      const emp_status status = detect(*views, chosen, flat);
      if (status != EMP_OK) return status;
      made.add_all(chosen);
      for (views->found_count = 0; views->found_count < std::min<size_t>(2, chosen.size()); ++views->found_count)
        views->found[views->found_count] = chosen[views->found_count];
      // An image inside a frame may have been mirrored first. Only the surest views are mirrored.
      for (size_t i = 0; i < chosen.size() && i < kMirroredViews; ++i)
        if (!made.add(oriented_view(chosen[i], kMirroredView))) break;
      for (size_t i = 0; i < flat.size(); ++i)
        if (!made.add(flat[i], true)) break;
      break;
    }
    case EMP_STAGE_FIXED:
      fixed_views(width, height, chosen);
      made.add_all(chosen);
      break;
    case EMP_STAGE_LARGE:
      large_views(width, height, chosen);
      // The image may have been cropped before it was framed.
      for (size_t i = 0; i < views->found_count; ++i) chosen.add(zoomed_out(views->found[i], 0.05f));
      made.add_all(chosen);
      break;
    default:
      return EMP_BAD_OPTION;
  }
  *count = made.count;
  return made.status();
}

emp_status emp_views_hash(emp_views* views, const emp_view* view, uint32_t side, emp_view_hash* out) {
  if (side > 1u << 24) return EMP_BAD_OPTION;
  return hash_view(*views, *view, {side, false}, out) ? EMP_OK : EMP_BAD_GEOMETRY;
}

emp_status emp_views_align(emp_views* views, const emp_view* from, const uint8_t* target, emp_view_hash* out) {
  View view = {};
  std::copy(from->x, from->x + 4, view.x);
  std::copy(from->y, from->y + 4, view.y);
  view.kind = ViewKind::aligned;
  Aligned aligned;
  if (!align_view(*views->kernel, views->levels, view, target, &aligned)) return EMP_BAD_GEOMETRY;
  std::copy(aligned.view.x, aligned.view.x + 4, out->view.x);
  std::copy(aligned.view.y, aligned.view.y + 4, out->view.y);
  out->view.kind = EMP_VIEW_ALIGNED;
  out->view.orientation = from->orientation;
  std::memcpy(out->hash, aligned.hash.hash, EMP_HASH_BYTES);
  out->quality = aligned.hash.quality;
  out->stable = aligned.hash.stable;
  out->flat = 0;
  return EMP_OK;
}
