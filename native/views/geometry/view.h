// A view: the quadrilateral of the query image that may be the original.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace empreinte {

// The idea that produced a view. src/views/views.ts has the public names in the same order.
enum class ViewKind : uint8_t {
  whole,          // the whole image
  trimmed,        // without its border, bars, letterbox
  component,      // an image inside a user interface
  rectangle,      // between long straight edges, as picture in picture
  quadrilateral,  // seen in perspective: a rotated canvas, a photo of a screen
  half,           // halves, thirds and quarters of a collage
  zoom_in,        // a fixed share less on each side
  zoom_out,       // a fixed share more: the image before a crop
  rotation,       // rotated by a few degrees
  aligned         // moved towards one known hash
};

// The corners of the assumed original, as shares of the image's width and height: top left, top right, bottom right,
// bottom left. They may be outside 0 … 1, where the image is continued by its own edge.
struct View {
  float x[4], y[4];
  ViewKind kind;
  // The order of the corners, numbered as emp_hash_result.dihedral is.
  uint8_t orientation = 0;
};

// A bounded list. It drops what comes after it is full, so that no image makes more than its share of work.
class Views {
 public:
  Views(View* room, size_t capacity) : room_(room), capacity_(capacity) {}
  bool add(const View& view) {
    if (size_ == capacity_) return false;
    room_[size_++] = view;
    return true;
  }
  size_t size() const { return size_; }
  const View& operator[](size_t i) const { return room_[i]; }

 private:
  View* room_;
  size_t capacity_;
  size_t size_ = 0;
};

// std::hypot would need a newer glibc than the addon does.
inline float length_of(float x, float y) { return std::sqrt(x * x + y * y); }

inline View box(float left, float top, float right, float bottom, ViewKind kind) {
  return View{{left, right, right, left}, {top, top, bottom, bottom}, kind};
}

}  // namespace empreinte
