// The scale space of a working copy: in each octave six levels of blur, and the extrema of their differences.
#pragma once
#include "arena.h"
#include "copy.h"

namespace empreinte {

constexpr uint32_t kLevels = 6;           // blurred images of an octave: sigma 1.6 · 2^(i/3)
constexpr uint32_t kMostOctaves = 8;      // each of half the side of the one before
constexpr uint32_t kLeastOctave = 16;     // pixels: the shorter side of the smallest octave
constexpr uint32_t kBorder = 5;           // pixels at the edges of an octave without extrema
constexpr float kContrast = 0.01f * 255;  // of an extremum of the difference of levels, times three

// Blurred luma. Rows have kSlack readable samples behind them.
constexpr uint32_t kSlack = 32;
struct Level {
  uint32_t width = 0, height = 0, stride = 0;
  float* data = nullptr;
  float* row(uint32_t y) { return data + size_t{stride} * y; }
  const float* row(uint32_t y) const { return data + size_t{stride} * y; }
};

struct Octave {
  Level level[kLevels];  // after its extrema were refined, only 1, 2 and 3 keep their samples
};

// A place that is refined to a fraction of a pixel. Places are samples of the octave: 0 is the centre of the first.
struct Extremum {
  float x, y;
  float sigma;     // pixels of the octave
  float contrast;  // of the difference of levels, above 0
  uint8_t octave, level;
};

// Grows by doubling. Its content is lost when memory runs out.
template <class T>
class GrowingList {
 public:
  bool add(const T& value) {
    if (count_ == items_.size()) {
      Array<T> more(count_ == 0 ? 1024 : 2 * count_);
      if (!more) return false;
      if (count_ > 0) std::memcpy(static_cast<void*>(more.data()), items_.data(), count_ * sizeof(T));
      items_ = static_cast<Array<T>&&>(more);
    }
    items_[count_++] = value;
    return true;
  }
  void clear() { count_ = 0; }
  void cut(size_t n) { count_ = n < count_ ? n : count_; }
  size_t size() const { return count_; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + count_; }
  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }

 private:
  Array<T> items_;
  size_t count_ = 0;
};

struct ScaleSpace {
  uint32_t octaves = 0;
  Octave octave[kMostOctaves];
  GrowingList<Extremum> extrema;  // of octave 0 first, in it by rows
};

// How much memory build_scale_space takes.
size_t scale_space_bytes(uint32_t width, uint32_t height);
// Returns EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure.
emp_status build_scale_space(const LumaCopy& copy, const emp_kernel& kernel, const emp_cancel* cancel, Arena& arena,
                             ScaleSpace& out);

// A sample of a difference of levels that is not below, or not above, its 26 neighbours.
struct Candidate3 {
  uint16_t x, y;
  uint32_t level;  // 1 … 3
};
// Refines the candidates of an octave and adds those with contrast that are no edges, each once.
bool refine_extrema(const Octave& octave, uint32_t number, GrowingList<Candidate3>& candidates,
                    GrowingList<Extremum>& out);

}  // namespace empreinte
