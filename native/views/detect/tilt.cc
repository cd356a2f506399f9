#include "tilt.h"

#include <algorithm>
#include <cmath>

#include "difference.h"

namespace empreinte {
namespace {

constexpr int kPlaces = 48;            // along each side
constexpr int kNear = 30;              // levels of the channel that differs most
constexpr float kDeepest = 0.2f;       // of the image; beyond it the sides are found as lines
constexpr int kLeast = 12;             // places on the line of a side
constexpr float kLeastSlope = 0.006f;  // a third of a degree

const uint8_t* pixel(const WorkingCopy& p, uint32_t x, uint32_t y) {
  return p.rgb.data() + 3 * (size_t{y} * p.width + x);
}

// Returns the place `along` a side and `deep` pixels inwards. Sides are in refine()'s order: top, right, bottom, left,
// each clockwise from its first corner.
const uint8_t* inside(const WorkingCopy& p, int side, uint32_t along, uint32_t deep) {
  const uint32_t w = p.width, h = p.height;
  if (side == 0) return pixel(p, along, deep);
  if (side == 1) return pixel(p, w - 1 - deep, along);
  if (side == 2) return pixel(p, w - 1 - along, h - 1 - deep);
  return pixel(p, deep, h - 1 - along);
}

PlanePoint place(const WorkingCopy& p, int side, float along, float deep) {
  const float w = static_cast<float>(p.width), h = static_cast<float>(p.height);
  if (side == 0) return {along, deep};
  if (side == 1) return {w - deep, along};
  if (side == 2) return {w - along, h - deep};
  return {deep, h - along};
}

}  // namespace

bool find_tilt(const WorkingCopy& copy, Quad& out) {
  const uint32_t w = copy.width, h = copy.height;
  if (std::min(w, h) < 2 * kPlaces) return false;
  const uint8_t* canvas = pixel(copy, 0, 0);
  for (int side = 1; side < 4; ++side)
    if (colour_difference(canvas, inside(copy, side, 0, 0)) > kNear) return false;
  PlanePoint from[4], to[4];
  int orientation = 0;
  for (int side = 0; side < 4; ++side) {
    const uint32_t length = side % 2 == 0 ? w : h;
    const uint32_t deepest = static_cast<uint32_t>(kDeepest * static_cast<float>(side % 2 == 0 ? h : w));
    float at[kPlaces], depth[kPlaces];
    int n = 0;
    for (uint32_t i = 0; i < kPlaces; ++i) {
      const uint32_t along = (2 * i + 1) * length / (2 * kPlaces);
      uint32_t deep = 0;
      while (deep < deepest && colour_difference(canvas, inside(copy, side, along, deep)) <= kNear) ++deep;
      // Places where the image touches the canvas's own side, or continues in the canvas's colour, say nothing.
      if (deep == 0 || deep == deepest) continue;
      at[n] = static_cast<float>(along) + 0.5f;
      depth[n++] = static_cast<float>(deep);
    }
    float base = 0, slope = 0;
    if (fit_most(at, depth, n, 1.2f, base, slope) < kLeast) return false;
    orientation += std::abs(slope) > kLeastSlope;
    from[side] = place(copy, side, 0, base);
    to[side] = place(copy, side, static_cast<float>(length), base + slope * static_cast<float>(length));
  }
  if (orientation < 3) return false;
  for (int i = 0; i < 4; ++i)
    if (!meet(from[(i + 3) % 4], to[(i + 3) % 4], from[i], to[i], out.corner[i])) return false;
  // A shape that is far from a rectangle is not a rotated image.
  const auto side = [&](int i) {
    const PlanePoint a = out.corner[i], b = out.corner[(i + 1) % 4];
    return length_of(b.x - a.x, b.y - a.y);
  };
  const auto alike = [](float a, float b) { return a < 1.15f * b && b < 1.15f * a; };
  return alike(side(0), side(2)) && alike(side(1), side(3)) && std::min(side(0), side(1)) > 0.3f * std::min(w, h);
}

}  // namespace empreinte
