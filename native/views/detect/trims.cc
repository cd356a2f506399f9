// Peels borders, letterboxes and caption bars: lines of one colour from the outside in, with or without text, until
// nothing changes.
#include "trims.h"

#include <algorithm>
#include <cmath>

#include "detect.h"
#include "side.h"

namespace empreinte {
namespace {

constexpr float kUniform = 0.95f, kWithText = 0.3f;  // shares of a line in the border's colour
constexpr float kTextHeight = 0.14f;                 // of the box: the most that a line of text may have
constexpr float kLeast = 0.1f;                       // of the box that stays at least
constexpr int kPasses = 8;
constexpr size_t kTrims = 5;

// Returns the share of a line's pixels that are near a colour. Counting every second pixel is enough.
float share_near(const Side& side, uint32_t i, const uint8_t colour[3]) {
  const uint8_t* p = side.line(i);
  const uint32_t n = (side.length + 1) / 2;
  uint32_t near = 0;
  for (uint32_t k = 0; k < n; ++k, p += 2 * side.next_pixel) near += colour_difference(p, colour) <= kNear;
  return static_cast<float>(near) / static_cast<float>(n);
}

// Computes the same share for many lines.
class SharesNear {
 public:
  SharesNear(const Side& side, const uint8_t colour[3]) : side_(side), colour_(colour), pattern_(colour) {}

  float operator()(uint32_t i) {
    const uint32_t n = (side_.length + 1) / 2;
    return static_cast<float>(side_.next_pixel == 3 ? of_row(i, n) : of_column(i, n)) / static_cast<float>(n);
  }

 private:
  uint32_t of_row(uint32_t i, uint32_t n) const {
    const uint8_t* p = side_.line(i);
    uint16_t counts[kSamples] = {};
    uint32_t k = 0, near = 0;
    for (; 2 * k + kPixels < side_.length; k += kPixels / 2, p += kSamples) pattern_.count_near(p, counts);
    for (uint32_t m = 0; m < kSamples; m += 6) near += counts[m];
    for (; k < n; ++k, p += 6) near += colour_difference(p, colour_) <= kNear;
    return near;
  }
  // Columns are requested one after the other, so the following ones are counted with them, from the leftmost.
  uint32_t of_column(uint32_t i, uint32_t n) {
    const bool rightwards = side_.next_line > 0;
    if (i < first_ || i >= end_) {
      first_ = i, end_ = std::min(i + kPixels, side_.lines);
      std::fill_n(counts_, kSamples, uint16_t{0});
      const uint8_t* p = side_.line(rightwards ? first_ : end_ - 1);
      for (uint32_t k = 0; k < n; ++k, p += 2 * side_.next_pixel) pattern_.count_near(p, counts_);
    }
    return counts_[3 * (rightwards ? i - first_ : end_ - 1 - i)];
  }

  const Side& side_;
  const uint8_t* colour_;
  const Pattern pattern_;
  uint32_t first_ = 0, end_ = 0;  // the columns that are counted
  uint16_t counts_[kSamples];
};

// Returns true when a line is certainly not of one colour: when two pixels differ by more than twice kNear, at most one
// of them is near any colour. False says nothing.
bool is_mixed(const Side& side, uint32_t i) {
  const uint32_t n = (side.length + 1) / 2, pairs = n / 2;
  const uint8_t* p = side.line(i);
  const ptrdiff_t across = 2 * side.next_pixel * static_cast<ptrdiff_t>(pairs);
  uint32_t different = 0;
  for (uint32_t k = 0; k < pairs; ++k, p += 2 * side.next_pixel)
    if (colour_difference(p, p + across) > 2 * kNear &&
        static_cast<float>(n - ++different) / static_cast<float>(n) < kUniform)
      return true;
  return false;
}

// Returns how many lines are peeled, at most `most`, and their colour.
uint32_t peel_side(const Side& side, uint32_t most, bool text, uint32_t skip, uint8_t colour[3]) {
  uint8_t met[3];
  uint32_t start = 0;
  // A line or two between nested borders are a mixture of both.
  for (;; ++start) {
    if (start > skip || start >= most) return 0;
    if (is_mixed(side, start)) continue;
    median_of_line(side, start, met);
    if (share_near(side, start, met) >= kUniform) break;
  }
  const uint32_t patience = text ? static_cast<uint32_t>(kTextHeight * static_cast<float>(side.lines)) : 0;
  SharesNear shares(side, met);
  uint32_t gone = start + 1;
  for (uint32_t i = gone; i < most && i - gone <= patience; ++i) {
    const float share = shares(i);
    if (share >= kUniform)
      gone = i + 1;
    else if (share < kWithText || !text)
      break;
  }
  std::copy_n(met, 3, colour);
  return gone;
}

uint32_t most_of(uint32_t lines) { return lines - std::max(1u, static_cast<uint32_t>(kLeast * lines)); }

// Sums the pixels of each of the n ≤ 16 lines from `from` on. `side` is a side of the working copy, behind which there
// are spare samples.
void sum_differences(const Side& side, uint32_t from, uint32_t n, const uint8_t colour[3], uint32_t* sum) {
  if (n == 0) return;
  const Pattern pattern(colour);
  if (side.next_line == 3 || side.next_line == -3) {
    // Columns are summed together, a row at a time, from the leftmost.
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
      sum[i] += static_cast<uint32_t>(std::min<int>(kMostDiffers, colour_difference(p, colour)));
  }
}

// Measures where the colour ends, in lines of the working copy from the outside in: where half of the difference to the
// inner lines is reached. `near` is the line found in the half resolution.
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

bool add_box(const Frame& f, const WorkingCopy& copy, ViewKind kind, Views& out) {
  const float w = static_cast<float>(copy.width), h = static_cast<float>(copy.height);
  return out.add(box(f.left / w, f.top / h, f.right / w, f.bottom / h, kind));
}

// Remembers what was peeled off a side of a box: the different ways to trim an image share most of their steps.
class Peels {
 public:
  struct Peel {
    Box box;
    int side;
    bool text;
    uint32_t gone;
    uint8_t colour[3];
  };
  const Peel* find(const Box& box, int side, bool text) const {
    const auto same = [&](const Peel& p) { return p.box == box && p.side == side && p.text == text; };
    const Peel* found = std::find_if(known_, known_ + n_, same);
    return found == known_ + n_ ? nullptr : found;
  }
  void add(const Peel& peel) {
    if (n_ < kMost) known_[n_++] = peel;
  }

 private:
  static constexpr size_t kMost = 64;
  Peel known_[kMost];
  size_t n_ = 0;
};

// Measures one side of `b`, which is the rest of `from`.
Peels::Peel peel(const HalfResolution& half, const Box& from, const Box& b, int s, const How& how) {
  const Side side = side_of(half.rgb.data(), half.width, b, s);
  const uint32_t gone_before = s == 0   ? b.left - from.left
                               : s == 1 ? b.top - from.top
                               : s == 2 ? from.right - b.right
                                        : from.bottom - b.bottom;
  const uint32_t whole = s % 2 == 0 ? from.width() : from.height();
  const uint32_t all_sides = whole - side.lines;
  const uint32_t skip = gone_before > 0 ? 2 : static_cast<uint32_t>(how.corner * static_cast<float>(whole));
  const uint32_t room = most_of(whole) > all_sides ? most_of(whole) - all_sides : 0;
  Peels::Peel result = {b, s, how.text, 0, {}};
  result.gone = peel_side(side, std::min(room, side.lines - 1), how.text, skip, result.colour);
  return result;
}

// Peels the sides of a box. `peels` belongs to the same `box` and `how.corner`.
Trimmed trim(const HalfResolution& half, const Box& box, const How& how, Peels& peels) {
  Trimmed result = {box, {}};
  Box& b = result.box;
  bool done[4];
  for (int s = 0; s < 4; ++s) done[s] = (how.sides >> s & 1) == 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const Box before = b;
    for (int s = 0; s < 4; ++s) {
      if (done[s]) continue;
      const Peels::Peel* const known = peels.find(b, s, how.text);
      const Peels::Peel peeled = known != nullptr ? *known : peel(half, box, b, s, how);
      if (known == nullptr) peels.add(peeled);
      const uint32_t gone = peeled.gone;
      if (gone == 0) continue;
      std::copy_n(peeled.colour, 3, result.colour[s]);
      if (s == 0) b.left += gone;
      if (s == 1) b.top += gone;
      if (s == 2) b.right -= gone;
      if (s == 3) b.bottom -= gone;
      if (how.one_colour) done[s] = true;
    }
    if (b == before) break;
  }
  return result;
}

}  // namespace

Trimmed trim(const HalfResolution& half, const Box& box, const How& how) {
  Peels peels;
  return trim(half, box, how, peels);
}

Frame measure(const WorkingCopy& copy, const HalfResolution& half, const Trimmed& trimmed, const Box& from) {
  const uint32_t s = half.scale, reach = 2 * s;
  // Lines are counted from the sides of `from`, along the rest of them.
  const auto whole = [&](const Box& b) {
    return Box{b.left * s, b.top * s, b.right == half.width ? copy.width : b.right * s,
               b.bottom == half.height ? copy.height : b.bottom * s};
  };
  const Box outer = whole(from), inner = whole(trimmed.box);
  Frame f = {static_cast<float>(inner.left), static_cast<float>(inner.top), static_cast<float>(inner.right),
             static_cast<float>(inner.bottom)};
  const uint8_t* rgb = copy.rgb.data();
  const Box across = {outer.left, inner.top, outer.right, inner.bottom};
  const Box down = {inner.left, outer.top, inner.right, outer.bottom};
  const float left = static_cast<float>(outer.left), top = static_cast<float>(outer.top),
              right = static_cast<float>(outer.right), bottom = static_cast<float>(outer.bottom);
  const auto side = [&](const Box& b, int i) { return side_of(rgb, copy.width, b, i); };
  if (inner.left > outer.left) f.left = left + measure_side(side(across, 0), f.left - left, reach, trimmed.colour[0]);
  if (inner.top > outer.top) f.top = top + measure_side(side(down, 1), f.top - top, reach, trimmed.colour[1]);
  if (inner.right < outer.right)
    f.right = right - measure_side(side(across, 2), right - f.right, reach, trimmed.colour[2]);
  if (inner.bottom < outer.bottom)
    f.bottom = bottom - measure_side(side(down, 3), bottom - f.bottom, reach, trimmed.colour[3]);
  return f;
}

emp_status find_trims(const WorkingCopy& copy, const HalfResolution& half, Views& out) {
  if (half.too_small()) return EMP_OK;
  const Box all = {0, 0, half.width, half.height};
  Box seen[kTrims];
  size_t n = 0;
  Peels peels;
  const auto add = [&](const How& how) {
    const Trimmed trimmed = trim(half, all, how, peels);
    if (n == kTrims || trimmed.box == all || std::find(seen, seen + n, trimmed.box) != seen + n) return trimmed;
    seen[n++] = trimmed.box;
    add_box(measure(copy, half, trimmed, all), copy, ViewKind::trimmed, out);
    return trimmed;
  };
  const Trimmed first = add({true, true});
  add({true, false});
  // Sides of one colour belong together, and others may be the image's own: a bar below, and a clear sky above.
  uint32_t left = 0;
  const bool gone[4] = {first.box.left > 0, first.box.top > 0, first.box.right < all.right,
                        first.box.bottom < all.bottom};
  for (uint32_t s = 0; s < 4; ++s) left |= gone[s] ? 1u << s : 0;
  const uint32_t with_colour = left;
  for (uint32_t s = 0; s < 4; ++s) {
    uint32_t alike = 0;
    for (uint32_t k = s; k < 4; ++k)
      if ((left >> s & left >> k & 1) != 0 && colour_difference(first.colour[s], first.colour[k]) <= kNear)
        alike |= 1u << k;
    left &= ~alike;
    if (alike != 0 && alike != with_colour) add({true, false, alike});
  }
  add({false, false});
  return EMP_OK;
}

}  // namespace empreinte
