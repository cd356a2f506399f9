// Points as the verification uses them, and pairs of a query point with a known one whose bits are near.
#pragma once
#include <cstddef>
#include <cstdint>

namespace empreinte::local {

// A point with its orientation as a unit vector. Places and sigma are in units of its image (see `Scene`).
struct Spot {
  double x, y, sigma, cos, sin;
};

// The points of one image. A unit is a pixel of the image, reduced where its longer side is above kLongerSide.
struct Scene {
  const Spot* spots;
  const uint8_t* bits;  // count·32 bytes
  size_t count;
  double width, height;
};

// Tolerances were measured on uploads of up to 1,600 pixels. Those of cameras are larger, and no sharper for it.
constexpr double kLongerSide = 1024;

struct Pair {
  uint32_t query, known, distance;
};

// A list of pairs that cannot grow beyond what any image has.
class Pairs {
 public:
  static constexpr size_t kMost = 512;

  void clear() { size_ = 0; }
  // Adds a pair. A full list stays as it is.
  void add(const Pair& pair) {
    if (size_ < kMost) at_[size_++] = pair;
  }
  void shrink(size_t size) { size_ = size; }
  size_t size() const { return size_; }
  const Pair* begin() const { return at_; }
  const Pair* end() const { return at_ + size_; }
  Pair* begin() { return at_; }
  Pair* end() { return at_ + size_; }
  const Pair& operator[](size_t i) const { return at_[i]; }

 private:
  Pair at_[kMost];
  size_t size_ = 0;
};

}  // namespace empreinte::local
