// The choice and order of the views is measured by how many altered photographs each finds that no earlier one does.
#include "fixed.h"

#include <cmath>
#include <initializer_list>

namespace empreinte {
namespace {

// Returns the image before `left`, `top`, `right` and `bottom`, as shares of the original, were cut off its sides.
View uncropped(float left, float top, float right, float bottom) {
  const float across = 1 - left - right, down = 1 - top - bottom;
  return box(-left / across, -top / down, 1 + right / across, 1 + bottom / down, ViewKind::zoom_out);
}

// Returns the image rotated by `degrees` about its middle, with sides `scale` times as long.
View rotated(float degrees, float scale, float width, float height) {
  const float angle = degrees * 3.14159265f / 180, c = std::cos(angle) * scale, s = std::sin(angle) * scale;
  View view = {};
  const float signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  for (int i = 0; i < 4; ++i) {
    const float x = 0.5f * signs[i][0] * width, y = 0.5f * signs[i][1] * height;
    view.x[i] = 0.5f + (c * x - s * y) / width;
    view.y[i] = 0.5f + (s * x + c * y) / height;
  }
  view.kind = ViewKind::rotation;
  return view;
}

// Returns how much longer the sides of an image are when the query is its largest rotated rectangle of the same shape.
float inscribed(float degrees, float width, float height) {
  const float angle = std::abs(degrees) * 3.14159265f / 180;
  const float longer = width > height ? width / height : height / width;
  return std::cos(angle) + longer * std::sin(angle);
}

void add_parts(Views& out) {
  const auto part = [&](float left, float top, float right, float bottom) {
    out.add(box(left, top, right, bottom, ViewKind::half));
  };
  part(0, 0, 0.5f, 1), part(0.5f, 0, 1, 1), part(0, 0, 1, 0.5f), part(0, 0.5f, 1, 1);
  part(0, 0, 0.5f, 0.5f), part(0.5f, 0, 1, 0.5f), part(0, 0.5f, 0.5f, 1), part(0.5f, 0.5f, 1, 1);
}

void add_thirds(Views& out) {
  for (int i = 0; i < 3; ++i) {
    const float from = static_cast<float>(i) / 3, to = static_cast<float>(i + 1) / 3;
    out.add(box(from, 0, to, 1, ViewKind::half)), out.add(box(0, from, 1, to, ViewKind::half));
  }
}

void add_one_sided(float share, Views& out) {
  out.add(uncropped(0, 0, 0, share)), out.add(uncropped(0, share, 0, 0));
  out.add(uncropped(share, 0, 0, 0)), out.add(uncropped(0, 0, share, 0));
}

}  // namespace

View zoomed_out(const View& view, float share) {
  // The corners are farther from the middle by this factor.
  const float scale = 1 / (1 - 2 * share);
  float cx = 0, cy = 0;
  for (int i = 0; i < 4; ++i) cx += view.x[i] / 4, cy += view.y[i] / 4;
  View out = view;
  for (int i = 0; i < 4; ++i) out.x[i] = cx + scale * (view.x[i] - cx), out.y[i] = cy + scale * (view.y[i] - cy);
  return out;
}

View oriented_view(const View& view, uint32_t orientation) {
  // The corner of the view that becomes the top left, top right, … one.
  static constexpr uint8_t kCorners[8][4] = {{0, 1, 2, 3}, {1, 2, 3, 0}, {2, 3, 0, 1}, {3, 0, 1, 2},
                                             {3, 2, 1, 0}, {1, 0, 3, 2}, {0, 3, 2, 1}, {2, 1, 0, 3}};
  View oriented = view;
  oriented.orientation = static_cast<uint8_t>(orientation % 8);
  for (int i = 0; i < 4; ++i) {
    const uint8_t from = kCorners[orientation % 8][i];
    oriented.x[i] = view.x[from], oriented.y[i] = view.y[from];
  }
  return oriented;
}

void fixed_views(float width, float height, Views& out) {
  const auto turn = [&](float degrees) { out.add(rotated(degrees, inscribed(degrees, width, height), width, height)); };
  for (const float share : {0.02f, 0.05f, 0.035f, 0.075f}) out.add(uncropped(share, share, share, share));
  for (const float degrees : {2.0f, -2.0f, 4.0f, -4.0f}) turn(degrees);
  add_one_sided(0.1f, out);
  add_parts(out);
  add_one_sided(0.05f, out);
  for (const float degrees : {6.0f, -6.0f}) turn(degrees);
  out.add(box(0.03f, 0.03f, 0.97f, 0.97f, ViewKind::zoom_in));
  out.add(box(0.06f, 0.06f, 0.94f, 0.94f, ViewKind::zoom_in));
  out.add(oriented_view(uncropped(0.035f, 0.035f, 0.035f, 0.035f), kMirroredView));
  add_thirds(out);
}

void large_views(float width, float height, Views& out) {
  out.add(uncropped(0.1f, 0.1f, 0.1f, 0.1f));
  out.add(uncropped(0.125f, 0, 0.125f, 0)), out.add(uncropped(0, 0.125f, 0, 0.125f));
  out.add(oriented_view(uncropped(0.075f, 0.075f, 0.075f, 0.075f), kMirroredView));
  for (const float degrees : {9.0f, -9.0f}) out.add(rotated(degrees, inscribed(degrees, width, height), width, height));
  constexpr float corner = 0.09f;
  out.add(uncropped(corner, corner, 0, 0)), out.add(uncropped(0, corner, corner, 0));
  out.add(uncropped(corner, 0, 0, corner)), out.add(uncropped(0, 0, corner, corner));
  add_one_sided(0.17f, out);
}

}  // namespace empreinte
