// A view: where in the image an assumed original lies. The hashes of a query are those of its views.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace empreinte {

// Which idea a view comes from. The names are public (src/views); the order says nothing.
enum class ViewKind : uint8_t {
  whole,          // the image itself
  trimmed,        // without its border, bars, letterbox
  part,           // a picture inside an interface: a component that is not background
  rectangle,      // between long straight edges: picture in picture
  quadrilateral,  // by perspective: a turned canvas, a photo of a screen
  half,           // halves, thirds and quarters of a collage
  zoom_in,        // a fixed share less on each side
  zoom_out,       // a fixed share more: what the picture would be before a crop
  rotation,       // turned by a few degrees
  aligned         // moved towards one entry's hash
};

// The corners of the assumed original in the picture, as shares of its width and height: top left, top right, bottom
// right, bottom left. They may lie outside 0 … 1: there the picture is continued by its own edge.
struct View {
  float x[4], y[4];
  ViewKind kind;
  // The orientation that the corners are in, in the order of emp_hash_result.dihedral.
  uint8_t orientation = 0;
};

// A bounded list: what comes after it is full is dropped, so that no picture makes more than its share of work.
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

// Not std::hypot, which asks for a newer glibc than the addon does.
inline float length_of(float x, float y) { return std::sqrt(x * x + y * y); }

inline View box(float left, float top, float right, float bottom, ViewKind kind) {
  return View{{left, right, right, left}, {top, top, bottom, bottom}, kind};
}

}  // namespace empreinte
