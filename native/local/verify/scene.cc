#include "scene.h"

#include <algorithm>
#include <cmath>

namespace empreinte::local {

bool OwnedScene::take(const LocalPoints& points, bool negative) {
  spots_ = Array<Spot>(points.count);
  if (!spots_) return false;
  count_ = points.count;
  // The unit: a pixel of the image, or of its reduction to kLongerSide.
  const double longer = std::max(points.width, points.height), reduced = std::min(1.0, kLongerSide / longer);
  width_ = points.width * reduced, height_ = points.height * reduced;
  const double right = width_ / points.copy_width, down = height_ / points.copy_height;
  const double scale = std::sqrt(right * down), sign = negative ? -1 : 1;
  for (size_t i = 0; i < count_; ++i) {
    const LocalPoint& p = points.points[i];
    const double angle = p.angle;
    spots_[i] = {p.x * right, p.y * down, p.sigma * scale, sign * std::cos(angle), sign * std::sin(angle)};
  }
  return true;
}

bool OwnedScene::take_descriptors(const LocalPoints& points) {
  bits_ = Array<uint8_t>(EMP_HASH_BYTES * size_t{points.count});
  if (!bits_) return false;
  for (size_t i = 0; i < points.count; ++i)
    std::copy_n(points.points[i].descriptor, EMP_HASH_BYTES, bits_.data() + EMP_HASH_BYTES * i);
  return true;
}

}  // namespace empreinte::local
