// The points of an image or a record as a scene.
#pragma once
#include "../point.h"
#include "pair.h"

namespace empreinte::local {

// A scene that owns its spots. The descriptors stay the caller's, unless they are copied from the points.
class OwnedScene {
 public:
  // Takes the places of the points. With `negative`, each has the orientation that it has in the image with its tones
  // reversed. Returns false where memory ran out.
  [[nodiscard]] bool take(const LocalPoints& points, bool negative);
  // Takes the points' own descriptors, which are the plain ones.
  [[nodiscard]] bool take_descriptors(const LocalPoints& points);
  Scene scene() const { return {spots_.data(), bits_.data(), count_, width_, height_}; }

 private:
  Array<Spot> spots_;
  Array<uint8_t> bits_;
  size_t count_ = 0;
  double width_ = 0, height_ = 0;
};

}  // namespace empreinte::local
