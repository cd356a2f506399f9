// Frames of nearly the colour that the image has at its own edges. The exact colour of the frame shows where it can end
// at most. If no edge shows it, the frame may be as wide on opposite sides, or the image may have a usual shape.
#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "../detect.h"
#include "../difference.h"
#include "margins.h"

namespace empreinte {
namespace {

constexpr float kShapes[] = {1, 4.f / 3, 3.f / 4, 3.f / 2, 2.f / 3, 16.f / 9, 9.f / 16, 5.f / 4, 4.f / 5};
constexpr float kLeastMargin = 0.012f;  // of the box's smaller side
constexpr float kLeastRest = 0.15f;     // of a side
constexpr float kStep = 0.045f;         // of what stays: the next width that is tried
constexpr float kCorner = 0.12f;        // of a component's side, which may be rounded
constexpr float kMessageEdge = 0.01f;   // of a screen's width
constexpr float kMostSide = 0.9f;       // of the image's: a component
constexpr uint32_t kLeastSide = 32;     // pixels of a component
constexpr size_t kComponents = 8, kMost = 28, kMostInComponent = 6, kMostInAll = 36;

// Adds boxes inside of `outer` by their margins.
class Boxes {
 public:
  Boxes(const WorkingCopy& copy, const Box& outer, size_t most, Views& out)
      : copy_(copy), outer_(outer), most_(most), out_(out) {}
  float width() const { return static_cast<float>(outer_.width()); }
  float height() const { return static_cast<float>(outer_.height()); }

  void add(float left, float top, float right, float bottom) {
    const float w = width() - left - right, h = height() - top - bottom;
    if (n_ == most_ || w < kLeastRest * width() || h < kLeastRest * height()) return;
    if (std::max({left, top, right, bottom}) < 1 || std::min({left, top, right, bottom}) < -1) return;
    const float x = static_cast<float>(outer_.left), y = static_cast<float>(outer_.top);
    const float cw = static_cast<float>(copy_.width), ch = static_cast<float>(copy_.height);
    const View view = box((x + left) / cw, (y + top) / ch, (x + left + w) / cw, (y + top + h) / ch, ViewKind::trimmed);
    for (size_t i = 0; i < out_.size(); ++i)
      if (same(out_[i], view, w / cw, h / ch)) return;
    if (out_.add(view)) ++n_;
  }

 private:
  static bool same(const View& a, const View& b, float w, float h) {
    constexpr float kNearby = 0.004f;
    float most = 0;
    for (int k = 0; k < 4; ++k) most = std::max({most, std::abs(a.x[k] - b.x[k]) / w, std::abs(a.y[k] - b.y[k]) / h});
    return most < kNearby;
  }
  const WorkingCopy& copy_;
  const Box outer_;
  const size_t most_;
  Views& out_;
  size_t n_ = 0;
};

// A frame with one width: on all sides, above and below, or left and right.
struct Kind {
  uint32_t sides;  // bit 0 left, 1 top, 2 right, 3 bottom
  float share;     // of the smaller side that a step of the search for its width has
};
constexpr Kind kKinds[] = {{15, 0.036f}, {10, 0.045f}, {5, 0.045f}};

void add_kind(Boxes& boxes, const Margins& m, const Kind& kind) {
  float most = 1e9f;
  bool sure = true;
  for (uint32_t s = 0; s < 4; ++s) {
    if ((kind.sides >> s & 1) == 0) continue;
    if (!m.side[s].flat) return;
    most = std::min(most, m.side[s].end), sure &= m.side[s].sure;
  }
  const float w = boxes.width(), h = boxes.height();
  const bool across = (kind.sides & 5) != 0, down = (kind.sides & 10) != 0;
  const float least = kLeastMargin * std::min(w, h);
  const auto add = [&](float width) {
    if (width < least || width > most + 1.5f) return;
    boxes.add(across ? width : 0, down ? width : 0, across ? width : 0, down ? width : 0);
  };
  for (uint32_t s = 0; s < 4; ++s)
    if ((kind.sides >> s & 1) != 0 && m.side[s].sure) add(m.side[s].end);
  add(most);
  for (const float shape : kShapes) {
    if (across && down && std::abs(shape - 1) > 0.01f) add((w - shape * h) / (2 * (1 - shape)));
    if (across && !down) add((w - shape * h) / 2);
    if (down && !across) add((h - w / shape) / 2);
  }
  if (sure) return;
  const float side = across && down ? std::min(w, h) : across ? w : h;
  for (float width = most; width > least; width -= std::max(1.f, kind.share * (side - 2 * width))) add(width);
}

// Where the frame on one side may end when it has text: behind a run of text, and before what comes next.
struct Ends {
  const Margin& m;
  float low(size_t gap) const { return gap == 0 ? 0 : m.run[gap - 1].end; }
  float high(size_t gap) const { return gap < m.runs ? m.run[gap].start : m.end; }
  bool may_be(float end) const {
    for (size_t gap = 0; m.flat && gap <= m.runs; ++gap)
      if (end >= low(gap) - 0.5f && end <= high(gap) + 1.5f) return true;
    return false;
  }
  // Calls `add` with each end that something shows: an edge, or text in the middle of its bar.
  template <class Add>
  void each(const Add& add) const {
    if (!m.text) return;
    add(m.end);
    for (size_t gap = m.runs; gap > 0; --gap) {
      if (gap < m.runs && m.run[gap].sure) add(m.run[gap].start);
      const float middle = m.run[0].start + m.run[gap - 1].end;
      if (middle >= low(gap) && middle <= high(gap) + 1.5f) add(middle);
    }
  }
};

void add_margins(Boxes& boxes, const Margins& m) {
  boxes.add(m.side[0].end, m.side[1].end, m.side[2].end, m.side[3].end);
}

// Adds what bars with text above, below, or on both sides may enclose, as captions and interfaces have them.
void add_with_text(Boxes& boxes, const Margins& m) {
  const Ends top = {m.side[1]}, bottom = {m.side[3]};
  if (!top.m.text && !bottom.m.text) return;
  const float w = boxes.width(), h = boxes.height();
  add_margins(boxes, m);
  top.each([&](float end) { boxes.add(0, end, 0, 0); });
  bottom.each([&](float end) { boxes.add(0, 0, 0, end); });
  for (const float shape : kShapes) {
    const float bar = h - w / shape;
    if (top.m.text && top.may_be(bar)) boxes.add(0, bar, 0, 0);
    if (bottom.m.text && bottom.may_be(bar)) boxes.add(0, 0, 0, bar);
  }
  if (!top.m.flat || !bottom.m.flat) return;
  boxes.add(0, top.m.end, 0, bottom.m.end);
  const float middle = (top.m.end + h - bottom.m.end) / 2;
  for (const float shape : kShapes) {
    const float rest = w / shape;
    const auto add = [&](float start) {
      if (top.may_be(start) && bottom.may_be(h - start - rest)) boxes.add(0, start, 0, h - start - rest);
    };
    add((h - rest) / 2);
    if (top.m.sure) add(top.m.end);
    if (bottom.m.sure) add(h - bottom.m.end - rest);
    add(middle - rest / 2);
  }
  for (float bar = std::min(top.m.end, bottom.m.end); bar > kLeastMargin * h;
       bar -= std::max(1.f, kStep * (h - 2 * bar)))
    if (top.may_be(bar) && bottom.may_be(bar)) boxes.add(0, bar, 0, bar);
}

// Adds what frames of the whole image may enclose.
void add_framed(Boxes& boxes, MarginFinder& finder) {
  const Margins exact = finder.find(0, false);
  const auto shows = [&](int s) {
    return exact.side[s].end >= kLeastMargin * (s % 2 == 0 ? boxes.width() : boxes.height());
  };
  if (!shows(0) && !shows(1) && !shows(2) && !shows(3)) return;
  add_margins(boxes, exact);
  const Margins near = finder.find(1, false);
  add_margins(boxes, near);
  for (const Kind& kind : kKinds) add_kind(boxes, near, kind);
  if (!shows(1) && !shows(3)) return;
  for (const uint32_t tolerance : {0u, 1u}) add_with_text(boxes, finder.find(tolerance, true));
}

// Adds what the border of a component may enclose, as a message encloses an image.
void add_in_component(Boxes& boxes, MarginFinder& finder, float image_width) {
  for (const uint32_t tolerance : {0u, 1u}) {
    const Margins m = finder.find(tolerance, false);
    if (!m.any()) continue;
    add_margins(boxes, m);
    add_kind(boxes, m, kKinds[0]);
  }
  // The edge of a message is narrower than a block of JPEG, so that its colour may be nowhere exact.
  const float edge = kMessageEdge * image_width;
  boxes.add(edge, edge, edge, edge);
}

}  // namespace

emp_status find_faint_frames(const WorkingCopy& copy, const HalfResolution& half, Views& out) {
  if (half.too_small()) return EMP_OK;
  // Components were found before. The outermost pixels of one are a mixture.
  Box component[kComponents];
  size_t n = 0;
  for (size_t i = 0; i < out.size() && n < kComponents; ++i) {
    if (out[i].kind != ViewKind::component) continue;
    const auto pixel = [](float share, uint32_t side, int inwards) {
      return static_cast<uint32_t>(std::clamp(static_cast<int>(std::lround(share * static_cast<float>(side))) + inwards,
                                              0, static_cast<int>(side)));
    };
    const Box b = {pixel(out[i].x[0], copy.width, 1), pixel(out[i].y[0], copy.height, 1),
                   pixel(out[i].x[2], copy.width, -1), pixel(out[i].y[2], copy.height, -1)};
    // One as large as the image is the image without its frame.
    const bool most = static_cast<float>(b.width()) > kMostSide * static_cast<float>(copy.width) &&
                      static_cast<float>(b.height()) > kMostSide * static_cast<float>(copy.height);
    if (b.right > b.left + kLeastSide && b.bottom > b.top + kLeastSide && !most) component[n++] = b;
  }
  const size_t before = out.size();
  {
    const Box whole = {0, 0, copy.width, copy.height};
    MarginFinder finder(copy, whole, 0);
    if (!finder.allocate()) return EMP_OUT_OF_MEMORY;
    Boxes boxes(copy, whole, kMost, out);
    add_framed(boxes, finder);
  }
  for (size_t i = 0; i < n; ++i) {
    MarginFinder finder(copy, component[i], kCorner);
    if (!finder.allocate()) return EMP_OUT_OF_MEMORY;
    Boxes boxes(copy, component[i], std::min(kMostInComponent, kMostInAll - (out.size() - before)), out);
    add_in_component(boxes, finder, static_cast<float>(copy.width));
  }
  return EMP_OK;
}

}  // namespace empreinte
