// Borders, letterboxes and caption bars: lines of one colour from the outside in, text in it or not, until nothing
// changes.
#include "trims.h"

#include <algorithm>
#include <cmath>

#include "detect.h"

namespace empreinte {
namespace {

constexpr int kNear = 26;                            // levels of the channel that differs most, JPEG's noise included
constexpr float kUniform = 0.95f, kWithText = 0.3f;  // shares of a line in the border's colour
constexpr float kTextHeight = 0.14f;                 // of the box: a higher stretch that is not uniform is no text
constexpr float kLeast = 0.1f;                       // of the box stays
constexpr int kPasses = 8;
constexpr size_t kTrims = 5;

// A side of a box as lines from the outside in, each a run of pixels.
struct Side {
  const uint8_t* first;
  ptrdiff_t next_line, next_pixel;
  uint32_t lines, length;
  const uint8_t* line(uint32_t i) const { return first + static_cast<ptrdiff_t>(i) * next_line; }
};

// Side 0 left, 1 top, 2 right, 3 bottom.
Side side_of(const uint8_t* rgb, uint32_t width, const Box& box, int side) {
  const ptrdiff_t row = ptrdiff_t{3} * width;
  const uint8_t* corner = rgb + box.top * row + ptrdiff_t{3} * box.left;
  const uint32_t w = box.width(), h = box.height();
  if (side == 0) return {corner, 3, row, w, h};
  if (side == 1) return {corner, row, 3, h, w};
  if (side == 2) return {corner + ptrdiff_t{3} * (w - 1), -3, row, w, h};
  return {corner + row * (h - 1), -row, 3, h, w};
}

int difference(const uint8_t* p, const uint8_t* colour) {
  const int r = std::abs(p[0] - colour[0]), g = std::abs(p[1] - colour[1]), b = std::abs(p[2] - colour[2]);
  return std::max(r, std::max(g, b));
}

// The median of each channel along a line.
void median(const Side& side, uint32_t i, uint8_t colour[3]) {
  uint16_t counts[3][256] = {};
  const uint8_t* p = side.line(i);
  for (uint32_t k = 0; k < side.length; ++k, p += side.next_pixel)
    ++counts[0][p[0]], ++counts[1][p[1]], ++counts[2][p[2]];
  for (int c = 0; c < 3; ++c) {
    uint32_t below = 0, value = 0;
    while (value < 255 && (below += counts[c][value]) * 2 <= side.length) ++value;
    colour[c] = static_cast<uint8_t>(value);
  }
}

float share_near(const Side& side, uint32_t i, const uint8_t colour[3]) {
  const uint8_t* p = side.line(i);
  // Every second pixel is enough to count by.
  uint32_t near = 0;
  const uint32_t n = (side.length + 1) / 2;
  for (uint32_t k = 0; k < n; ++k, p += 2 * side.next_pixel) near += difference(p, colour) <= kNear;
  return static_cast<float>(near) / static_cast<float>(n);
}

// How many lines go, at most `most`; the colour they have.
uint32_t peel_side(const Side& side, uint32_t most, bool text, uint32_t skip, uint8_t colour[3]) {
  uint8_t met[3];
  uint32_t start = 0;
  // Between two borders, one inside the other, lies a line or two of their mixture.
  for (;; ++start) {
    if (start > skip || start >= most) return 0;
    median(side, start, met);
    if (share_near(side, start, met) >= kUniform) break;
  }
  const uint32_t patience = text ? static_cast<uint32_t>(kTextHeight * static_cast<float>(side.lines)) : 0;
  uint32_t gone = start + 1;
  for (uint32_t i = gone; i < most && i - gone <= patience; ++i) {
    const float share = share_near(side, i, met);
    if (share >= kUniform)
      gone = i + 1;
    else if (share < kWithText || !text)
      break;
  }
  std::copy_n(met, 3, colour);
  return gone;
}

uint32_t most_of(uint32_t lines) { return lines - std::max(1u, static_cast<uint32_t>(kLeast * lines)); }

// Sixteen pixels side by side, and how far each sample's colour is from a pattern's: of the three that begin there, the
// one that differs most. Loops of a fixed length, which compilers turn into vector code.
constexpr uint32_t kSamples = 48, kMostDiffers = 60;

struct Pattern {
  uint8_t sample[kSamples + 2];
  explicit Pattern(const uint8_t colour[3]) {
    for (uint32_t i = 0; i < kSamples + 2; ++i) sample[i] = colour[i % 3];
  }
  // `p` has kSamples + 2. No more than 1,024 times, so that 16 bits hold the sums.
  void add(const uint8_t* __restrict p, uint16_t* __restrict sums) const {
    uint8_t apart[kSamples + 2], most[kSamples];
    for (uint32_t i = 0; i < kSamples + 2; ++i)
      apart[i] = static_cast<uint8_t>(std::max(p[i], sample[i]) - std::min(p[i], sample[i]));
    for (uint32_t i = 0; i < kSamples; ++i) {
      const uint8_t two = std::max(apart[i], apart[i + 1]), three = std::max(two, apart[i + 2]);
      most[i] = std::min<uint8_t>(kMostDiffers, three);
    }
    for (uint32_t i = 0; i < kSamples; ++i) sums[i] = static_cast<uint16_t>(sums[i] + most[i]);
  }
};
static_assert(kPictureSide * kMostDiffers <= UINT16_MAX);

// Of each of the n ≤ 16 lines from `from` on, the sum over its pixels. `side` is one of the working copy, behind which
// there are samples to spare.
void sum_differences(const Side& side, uint32_t from, uint32_t n, const uint8_t colour[3], uint32_t* sum) {
  if (n == 0) return;
  const Pattern pattern(colour);
  if (side.next_line == 3 || side.next_line == -3) {
    // Columns: all of them a row at a time, from the leftmost.
    const uint8_t* p = side.line(side.next_line > 0 ? from : from + n - 1);
    uint16_t sums[kSamples] = {};
    for (uint32_t k = 0; k < side.length; ++k, p += side.next_pixel) pattern.add(p, sums);
    for (uint32_t i = 0; i < n; ++i) sum[i] = sums[3 * (side.next_line > 0 ? i : n - 1 - i)];
    return;
  }
  for (uint32_t i = 0; i < n; ++i) {
    const uint8_t* p = side.line(from + i);
    uint16_t sums[kSamples] = {};
    uint32_t k = 0;
    for (; k + 16 <= side.length; k += 16, p += kSamples) pattern.add(p, sums);
    sum[i] = 0;
    for (uint32_t m = 0; m < kSamples; m += 3) sum[i] += sums[m];
    for (; k < side.length; ++k, p += 3)
      sum[i] += static_cast<uint32_t>(std::min<int>(kMostDiffers, difference(p, colour)));
  }
}

// Where, counted in lines of the working copy from the outside in, the colour ends: half of what the lines inside
// differ by. `near` is the line where the sketch says so.
float measure_side(const Side& side, float near, uint32_t reach, const uint8_t colour[3]) {
  constexpr uint32_t kMost = 12;
  const uint32_t from = near > static_cast<float>(reach) ? static_cast<uint32_t>(near) - reach : 0;
  const uint32_t n = std::min({kMost, 2 * reach + 2, side.lines - std::min(side.lines, from)});
  float differs[kMost];
  float inside = 0;
  uint32_t sum[kMost];
  sum_differences(side, from, n, colour, sum);
  for (uint32_t i = 0; i < n; ++i) {
    differs[i] = static_cast<float>(sum[i]) / static_cast<float>(side.length);
    inside = std::max(inside, differs[i]);
  }
  if (inside < 2) return near;
  for (uint32_t i = 0; i < n; ++i)
    if (differs[i] >= 0.5f * inside) {
      const float before = i > 0 ? differs[i - 1] / inside : 0;
      return static_cast<float>(from + i) + (1 - differs[i] / inside) - (before > 0.1f ? before : 0);
    }
  return near;
}

bool add_box(const Frame& f, const Picture& picture, ViewKind kind, Views& out) {
  const float w = static_cast<float>(picture.width), h = static_cast<float>(picture.height);
  return out.add(box(f.left / w, f.top / h, f.right / w, f.bottom / h, kind));
}

}  // namespace

Trimmed trim(const Sketch& sketch, const Box& box, const How& how) {
  Trimmed result = {box, {}};
  bool done[4];
  for (int s = 0; s < 4; ++s) done[s] = (how.sides >> s & 1) == 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const Box before = result.box;
    for (int s = 0; s < 4; ++s) {
      if (done[s]) continue;
      Box& b = result.box;
      const Side side = side_of(sketch.rgb.data(), sketch.width, b, s);
      const uint32_t gone_before = s == 0   ? b.left - box.left
                                   : s == 1 ? b.top - box.top
                                   : s == 2 ? box.right - b.right
                                            : box.bottom - b.bottom;
      const uint32_t whole = s % 2 == 0 ? box.width() : box.height();
      const uint32_t all_sides = whole - side.lines;
      const uint32_t skip = gone_before > 0 ? 2 : static_cast<uint32_t>(how.corner * static_cast<float>(whole));
      const uint32_t room = most_of(whole) > all_sides ? most_of(whole) - all_sides : 0;
      const uint32_t gone = peel_side(side, std::min(room, side.lines - 1), how.text, skip, result.colour[s]);
      if (s == 0) b.left += gone;
      if (s == 1) b.top += gone;
      if (s == 2) b.right -= gone;
      if (s == 3) b.bottom -= gone;
      if (how.one_colour && gone > 0) done[s] = true;
    }
    if (result.box == before) break;
  }
  return result;
}

Frame measure(const Picture& picture, const Sketch& sketch, const Trimmed& trimmed, const Box& from) {
  const uint32_t s = sketch.scale, reach = 2 * s;
  // Lines are counted from the sides of `from`, along what is left of them.
  const auto whole = [&](const Box& b) {
    return Box{b.left * s, b.top * s, b.right == sketch.width ? picture.width : b.right * s,
               b.bottom == sketch.height ? picture.height : b.bottom * s};
  };
  const Box outer = whole(from), inner = whole(trimmed.box);
  Frame f = {static_cast<float>(inner.left), static_cast<float>(inner.top), static_cast<float>(inner.right),
             static_cast<float>(inner.bottom)};
  const uint8_t* rgb = picture.rgb.data();
  const Box across = {outer.left, inner.top, outer.right, inner.bottom};
  const Box down = {inner.left, outer.top, inner.right, outer.bottom};
  const float left = static_cast<float>(outer.left), top = static_cast<float>(outer.top),
              right = static_cast<float>(outer.right), bottom = static_cast<float>(outer.bottom);
  const auto side = [&](const Box& b, int i) { return side_of(rgb, picture.width, b, i); };
  if (inner.left > outer.left) f.left = left + measure_side(side(across, 0), f.left - left, reach, trimmed.colour[0]);
  if (inner.top > outer.top) f.top = top + measure_side(side(down, 1), f.top - top, reach, trimmed.colour[1]);
  if (inner.right < outer.right)
    f.right = right - measure_side(side(across, 2), right - f.right, reach, trimmed.colour[2]);
  if (inner.bottom < outer.bottom)
    f.bottom = bottom - measure_side(side(down, 3), bottom - f.bottom, reach, trimmed.colour[3]);
  return f;
}

emp_status find_trims(const Picture& picture, const Sketch& sketch, Views& out) {
  if (sketch.too_small()) return EMP_OK;
  const Box all = {0, 0, sketch.width, sketch.height};
  Box seen[kTrims];
  size_t n = 0;
  const auto add = [&](const How& how) {
    const Trimmed trimmed = trim(sketch, all, how);
    if (n == kTrims || trimmed.box == all || std::find(seen, seen + n, trimmed.box) != seen + n) return trimmed;
    seen[n++] = trimmed.box;
    add_box(measure(picture, sketch, trimmed, all), picture, ViewKind::trimmed, out);
    return trimmed;
  };
  const Trimmed first = add({true, true});
  add({true, false});
  // A bar below and a clear sky above: sides of one colour belong together, and others may be the picture's own.
  uint32_t left = 0;
  const bool gone[4] = {first.box.left > 0, first.box.top > 0, first.box.right < all.right,
                        first.box.bottom < all.bottom};
  for (uint32_t s = 0; s < 4; ++s) left |= gone[s] ? 1u << s : 0;
  const uint32_t with_colour = left;
  for (uint32_t s = 0; s < 4; ++s) {
    uint32_t alike = 0;
    for (uint32_t k = s; k < 4; ++k)
      if ((left >> s & left >> k & 1) != 0 && difference(first.colour[s], first.colour[k]) <= kNear) alike |= 1u << k;
    left &= ~alike;
    if (alike != 0 && alike != with_colour) add({true, false, alike});
  }
  add({false, false});
  return EMP_OK;
}

}  // namespace empreinte
