// Images inside a user interface. It removes the few colours that are flat over much of the screen. A large connected
// component of the rest is an image. A frame or bubble around it is peeled off.
#include <algorithm>
#include <cmath>

#include "detect.h"
#include "difference.h"
#include "refine.h"
#include "side.h"
#include "trims.h"

namespace empreinte {
namespace {

constexpr uint32_t kCell = 4;                     // pixels of the half resolution; text is thinner than half of a cell
constexpr uint32_t kCounted = kCell * kCell / 2;  // pixels of a cell that are counted
constexpr size_t kColours = 8;                    // of a background, at most
constexpr float kLeastColour = 0.015f;            // of all pixels: flat ones of a background's colour
constexpr uint8_t kFlat = 3;                      // levels to the pixel below and beside
constexpr float kLeastSide = 0.1f, kLeastArea = 0.02f;  // of the image's
constexpr float kLeastFull = 0.4f;                      // of a component's box
constexpr float kLeastLine = 0.3f;                      // of a line of a component: what is not background
constexpr float kCorner = 0.03f;  // of a component's side: how far in a bubble's round corners reach
constexpr size_t kComponents = 3, kFound = 4, kOnGround = 4;
constexpr int kGround = 3;            // levels from a ground's exact colour
constexpr float kLeastGround = 0.4f;  // of the image's left or right side

// Colours are distinguished by the upper five bits of each channel.
uint32_t colour_of(const uint8_t* p) { return (p[0] >> 3) << 10 | (p[1] >> 3) << 5 | (p[2] >> 3); }

// Marks samples that are at most kFlat from their neighbours on the right and below. The loop has a fixed length, so
// compilers make vector code of it.
void mark_flat(const uint8_t* row, size_t stride, uint8_t* __restrict out) {
  for (size_t k = 0; k < kBlock; ++k) {
    const uint8_t most =
        std::max(absolute_difference(row[k], row[k + 1]), absolute_difference(row[k], row[k + stride]));
    out[k] = most <= kFlat ? 1 : 0;
  }
}

// Returns whether a block has a value that is at least so great. The loop has a fixed length too.
bool any_from(const int32_t* counts, int32_t least) {
  int32_t any = 0;
  for (size_t k = 0; k < kBlock; ++k) any |= counts[k] >= least ? 1 : 0;
  return any != 0;
}

// Marks each colour of the background and its neighbours, because JPEG and shades spread colours. `any` says whether
// there is a background.
bool find_background(const HalfResolution& s, Array<uint8_t>& background, bool& any) {
  Array<int32_t> counts(32768);
  background = Array<uint8_t>(32768);
  if (!counts || !background) return false;
  counts.zero();
  background.zero();
  // Every second row and column is enough to count by.
  uint8_t flat[kBlock], flat_hue[kBlock];
  for (uint32_t y = 0; y + 1 < s.height; y += 2)
    for (uint32_t from = 0; from + 1 < s.width; from += kBlock) {
      const uint8_t* rgb = s.rgb.data() + 3 * (size_t{y} * s.width + from);
      mark_flat(s.row(y) + from, s.stride, flat);
      mark_flat(s.row(y) + s.plane() + from, s.stride, flat_hue);
      const uint32_t n = std::min(kBlock, s.width - 1 - from);
      for (uint32_t k = 0; k < n; k += 2) counts[colour_of(rgb + size_t{3} * k)] += flat[k] & flat_hue[k];
    }
  const float all = static_cast<float>(s.width) * static_cast<float>(s.height) / 4;
  // Collects the few colours that are frequent enough, in their order. Then it takes the most frequent ones; the first
  // wins among equals.
  constexpr size_t kMost = static_cast<size_t>(1 / kLeastColour) + 2;
  uint32_t frequent[kMost];
  size_t n_frequent = 0;
  const int32_t least = static_cast<int32_t>(std::ceil(kLeastColour * all));
  for (uint32_t from = 0; from < counts.size(); from += kBlock) {
    if (!any_from(counts.data() + from, least)) continue;
    for (uint32_t i = from; i < from + kBlock; ++i)
      if (counts[i] >= least && n_frequent < kMost) frequent[n_frequent++] = i;
  }
  for (size_t n = 0; n < kColours && n_frequent > 0; ++n) {
    const auto less = [&](uint32_t i, uint32_t k) { return counts[i] < counts[k]; };
    const uint32_t best = *std::max_element(frequent, frequent + n_frequent, less);
    if (counts[best] == 0) break;
    any = true;
    const int r = static_cast<int>(best >> 10), g = static_cast<int>(best >> 5 & 31), b = static_cast<int>(best & 31);
    for (int i = std::max(0, r - 1); i <= std::min(31, r + 1); ++i)
      for (int j = std::max(0, g - 1); j <= std::min(31, g + 1); ++j)
        for (int k = std::max(0, b - 1); k <= std::min(31, b + 1); ++k) {
          background[static_cast<size_t>(i << 10 | j << 5 | k)] = 1;
          counts[static_cast<size_t>(i << 10 | j << 5 | k)] = 0;
        }
  }
  return true;
}

struct Part {
  uint32_t cells = 0;
  Box box;  // in cells
};

// Joins cells over their sides when at least `least` of the pixels counted of each are not background. Keeps the
// largest components, at most kComponents, the largest first.
class Components {
 public:
  // Without a background the whole image is one component.
  void take_all(const HalfResolution& s) {
    w_ = s.width / kCell, h_ = s.height / kCell;
    keep({w_ * h_, {0, 0, w_, h_}});
  }
  template <class IsBackground>
  emp_status find(const HalfResolution& s, const IsBackground& is_background, uint32_t least) {
    w_ = s.width / kCell, h_ = s.height / kCell;
    cells_ = Array<uint8_t>(size_t{w_} * h_);
    Array<uint32_t> stack(size_t{w_} * h_);
    if (!cells_ || !stack) return EMP_OUT_OF_MEMORY;
    cells_.zero();
    // Every second row is enough to count by.
    for (uint32_t y = 0; y < h_ * kCell; y += 2) {
      const uint8_t* p = s.rgb.data() + size_t{3} * s.width * y;
      uint8_t* to = cells_.data() + size_t{w_} * (y / kCell);
      for (uint32_t x = 0; x < w_; ++x) {
        uint32_t behind = 0;
        for (uint32_t k = 0; k < kCell; ++k, p += 3) behind += is_background(p);
        to[x] = static_cast<uint8_t>(to[x] + kCell - behind);
      }
    }
    for (size_t i = 0; i < cells_.size(); ++i) cells_[i] = cells_[i] >= least ? 1 : 0;
    for (uint32_t i = 0; i < cells_.size(); ++i)
      if (cells_[i]) keep(flood(i, stack));
    return EMP_OK;
  }
  size_t size() const { return n_; }
  const Part& operator[](size_t i) const { return best_[i]; }

 private:
  Part flood(uint32_t start, Array<uint32_t>& stack) {
    Part part = {0, {w_, h_, 0, 0}};
    size_t top = 0;
    const auto push = [&](uint32_t i) {
      if (cells_[i]) cells_[i] = 0, stack[top++] = i;
    };
    push(start);
    while (top > 0) {
      const uint32_t i = stack[--top], x = i % w_, y = i / w_;
      ++part.cells;
      Box& b = part.box;
      b = {std::min(b.left, x), std::min(b.top, y), std::max(b.right, x + 1), std::max(b.bottom, y + 1)};
      if (x > 0) push(i - 1);
      if (x + 1 < w_) push(i + 1);
      if (y > 0) push(i - w_);
      if (y + 1 < h_) push(i + w_);
    }
    return part;
  }

  void keep(const Part& part) {
    const float all = static_cast<float>(w_) * static_cast<float>(h_), n = static_cast<float>(part.cells);
    const float w = static_cast<float>(part.box.width()), h = static_cast<float>(part.box.height());
    if (n < kLeastArea * all || n < kLeastFull * w * h) return;
    if (w < kLeastSide * static_cast<float>(w_) || h < kLeastSide * static_cast<float>(h_)) return;
    size_t at = n_;
    while (at > 0 && best_[at - 1].cells < part.cells) --at;
    if (at == kComponents) return;
    n_ = std::min(n_ + 1, kComponents);
    for (size_t i = n_ - 1; i > at; --i) best_[i] = best_[i - 1];
    best_[at] = part;
  }

  uint32_t w_ = 0, h_ = 0;
  Array<uint8_t> cells_;
  Part best_[kComponents];
  size_t n_ = 0;
};

// Whether a line belongs to a component: enough of it is not background.
template <class IsBackground>
bool filled(const HalfResolution& s, const IsBackground& is_background, uint32_t x, uint32_t y, bool row, uint32_t n) {
  const uint8_t* p = s.rgb.data() + 3 * (size_t{y} * s.width + x);
  const size_t next = row ? 3 : size_t{3} * s.width;
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; ++i, p += next) count += 1u - is_background(p);
  return static_cast<float>(count) >= kLeastLine * static_cast<float>(n);
}

// Tightens a box to the pixel.
template <class IsBackground>
Box tighten(const HalfResolution& s, const IsBackground& is_background, Box b) {
  const auto row = [&](uint32_t y) { return filled(s, is_background, b.left, y, true, b.width()); };
  const auto column = [&](uint32_t x) { return filled(s, is_background, x, b.top, false, b.height()); };
  const uint32_t least_w = b.width() / 2, least_h = b.height() / 2;
  while (b.height() > least_h && !row(b.top)) ++b.top;
  while (b.height() > least_h && !row(b.bottom - 1)) --b.bottom;
  while (b.width() > least_w && !column(b.left)) ++b.left;
  while (b.width() > least_w && !column(b.right - 1)) --b.right;
  return b;
}

// Returns the box of a component in pixels of the half resolution. The margin of the component may fill too little of
// the next cell, so one more cell on each side is searched from the outside in.
template <class IsBackground>
Box box_of(const HalfResolution& s, const IsBackground& is_background, const Box& cells) {
  const Box wide = {cells.left > 0 ? (cells.left - 1) * kCell : 0, cells.top > 0 ? (cells.top - 1) * kCell : 0,
                    std::min((cells.right + 1) * kCell, s.width), std::min((cells.bottom + 1) * kCell, s.height)};
  return tighten(s, is_background, wide);
}

// Does the same from the inside out: another message may be as near as a cell.
template <class IsBackground>
Box bubble_of(const HalfResolution& s, const IsBackground& is_background, const Box& cells) {
  const Box inner = {cells.left * kCell, cells.top * kCell, std::min(cells.right * kCell, s.width),
                     std::min(cells.bottom * kCell, s.height)};
  Box b = tighten(s, is_background, inner);
  const auto row = [&](uint32_t y) { return filled(s, is_background, b.left, y, true, b.width()); };
  const auto column = [&](uint32_t x) { return filled(s, is_background, x, b.top, false, b.height()); };
  while (b.top > 0 && inner.top - b.top < kCell && row(b.top - 1)) --b.top;
  while (b.bottom < s.height && b.bottom - inner.bottom < kCell && row(b.bottom)) ++b.bottom;
  while (b.left > 0 && inner.left - b.left < kCell && column(b.left - 1)) --b.left;
  while (b.right < s.width && b.right - inner.right < kCell && column(b.right)) ++b.right;
  return b;
}

// Finds the exact colour of the ground of an interface, which most often shows along one of its sides.
bool find_ground(const HalfResolution& half, uint8_t colour[3]) {
  for (const int s : {0, 2}) {
    const Side side = side_of(half.rgb.data(), half.width, {0, 0, half.width, half.height}, s);
    median_of_line(side, 0, colour);
    const uint8_t* p = side.line(0);
    uint32_t same = 0;
    for (uint32_t k = 0; k < side.length; ++k, p += side.next_pixel) same += colour_difference(p, colour) <= 1;
    // A side with nothing else has a border.
    const float share = static_cast<float>(same) / static_cast<float>(side.length);
    if (share >= kLeastGround && share < 1) return true;
  }
  return false;
}

}  // namespace

emp_status find_components(const WorkingCopy& copy, const HalfResolution& half, Views& out) {
  if (half.too_small()) return EMP_OK;
  Array<uint8_t> background;
  bool any_background = false;
  if (!find_background(half, background, any_background)) return EMP_OUT_OF_MEMORY;
  Components parts;
  const auto is_background = [&](const uint8_t* p) -> uint32_t { return background[colour_of(p)]; };
  if (!any_background)
    parts.take_all(half);
  else if (const emp_status status = parts.find(half, is_background, kCounted / 2); status != EMP_OK)
    return status;
  const float w = static_cast<float>(copy.width), h = static_cast<float>(copy.height);
  Box seen[kFound + kOnGround];
  size_t n = 0, most = kFound;
  const auto add = [&](const Box& b) {
    if (n == most || std::find(seen, seen + n, b) != seen + n) return;
    if (b == Box{0, 0, half.width, half.height}) return;
    seen[n++] = b;
    const float s = static_cast<float>(half.scale);
    // Sides on the image's own sides stay there.
    const float left = static_cast<float>(b.left) * s, top = static_cast<float>(b.top) * s;
    const float right = b.right == half.width ? w : static_cast<float>(b.right) * s;
    const float bottom = b.bottom == half.height ? h : static_cast<float>(b.bottom) * s;
    const uint32_t sides =
        (b.top > 0) * 1u | (b.right < half.width) * 2u | (b.bottom < half.height) * 4u | (b.left > 0) * 8u;
    const Quad quad = {{{left, top}, {right, top}, {right, bottom}, {left, bottom}}};
    const Quad fine = refine(copy, quad, static_cast<int>(2 * half.scale), false, sides);
    out.add(box(fine.corner[0].x / w, fine.corner[0].y / h, fine.corner[2].x / w, fine.corner[2].y / h,
                ViewKind::component));
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    const Box b = box_of(half, is_background, parts[i].box);
    add(b);
    add(trim(half, b, {false, false, 15, kCorner}).box);
  }
  // The image may have the colour of a bubble around it, or nearly that of the ground. Then what is not exactly of the
  // ground's colour is the bubble.
  uint8_t ground[3];
  if (!find_ground(half, ground)) return EMP_OK;
  Components bubbles;
  const auto is_ground = [&](const uint8_t* p) -> uint32_t { return colour_difference(p, ground) <= kGround; };
  if (const emp_status status = bubbles.find(half, is_ground, kCounted / 2 + 1); status != EMP_OK) return status;
  most = n + kOnGround;
  for (size_t i = 0; i < bubbles.size(); ++i) {
    const Box b = bubble_of(half, is_ground, bubbles[i].box);
    add(b);
    add(trim(half, b, {false, false, 15, kCorner}).box);
  }
  return EMP_OK;
}

}  // namespace empreinte
