// Which ones, and in which order, is measured: what a view finds of altered photographs that none before it does.
#include "fixed.h"

#include <cmath>
#include <initializer_list>

namespace empreinte {
namespace {

// What the picture would be before `left`, `top`, `right`, `bottom` of its sides, as shares of the original, were cut.
View uncropped(float left, float top, float right, float bottom) {
  const float across = 1 - left - right, down = 1 - top - bottom;
  return box(-left / across, -top / down, 1 + right / across, 1 + bottom / down, ViewKind::zoom_out);
}

// The picture turned by `degrees` about its middle, its sides `scale` times as long.
View rotated(float degrees, float scale, float width, float height) {
  const float angle = degrees * 3.14159265f / 180, c = std::cos(angle) * scale, s = std::sin(angle) * scale;
  View view;
  const float signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  for (int i = 0; i < 4; ++i) {
    const float x = 0.5f * signs[i][0] * width, y = 0.5f * signs[i][1] * height;
    view.x[i] = 0.5f + (c * x - s * y) / width;
    view.y[i] = 0.5f + (s * x + c * y) / height;
  }
  view.kind = ViewKind::rotation;
  return view;
}

// How much longer the sides are of a picture whose largest turned rectangle of the same shape is the query.
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

void add_one_sided(float share, Views& out) {
  out.add(uncropped(0, 0, 0, share)), out.add(uncropped(0, share, 0, 0));
  out.add(uncropped(share, 0, 0, 0)), out.add(uncropped(0, 0, share, 0));
}

}  // namespace

View turned_view(const View& view, uint32_t orientation) {
  // Which corner of the view becomes the top left, top right, … one.
  static constexpr uint8_t kCorners[8][4] = {{0, 1, 2, 3}, {1, 2, 3, 0}, {2, 3, 0, 1}, {3, 0, 1, 2},
                                             {3, 2, 1, 0}, {1, 0, 3, 2}, {0, 3, 2, 1}, {2, 1, 0, 3}};
  View turned;
  turned.kind = view.kind;
  for (int i = 0; i < 4; ++i) {
    const uint8_t from = kCorners[orientation % 8][i];
    turned.x[i] = view.x[from], turned.y[i] = view.y[from];
  }
  return turned;
}

void fixed_views(float width, float height, Views& out) {
  out.add(uncropped(0.02f, 0.02f, 0.02f, 0.02f));
  for (const float degrees : {1.5f, -1.5f, 3.0f, -3.0f, 5.0f, -5.0f})
    out.add(rotated(degrees, inscribed(degrees, width, height), width, height));
  add_parts(out);
  out.add(uncropped(0.05f, 0.05f, 0.05f, 0.05f));
  add_one_sided(0.05f, out);
  out.add(uncropped(0.035f, 0.035f, 0.035f, 0.035f));
  add_one_sided(0.1f, out);
}

void wide_views(float width, float height, Views& out) {
  (void)width, (void)height;
  out.add(uncropped(0.075f, 0.075f, 0.075f, 0.075f));
  out.add(uncropped(0.1f, 0.1f, 0.1f, 0.1f));
  add_one_sided(0.16f, out);
  out.add(uncropped(0.125f, 0, 0.125f, 0)), out.add(uncropped(0, 0.125f, 0, 0.125f));
  for (const float a : {0.1f})
    out.add(uncropped(a, a, 0, 0)), out.add(uncropped(0, a, a, 0)), out.add(uncropped(a, 0, 0, a)),
        out.add(uncropped(0, 0, a, a));
  out.add(box(0.04f, 0.04f, 0.96f, 0.96f, ViewKind::zoom_in));
}

}  // namespace empreinte
