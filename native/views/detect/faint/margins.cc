#include "margins.h"

#include <algorithm>

namespace empreinte {
namespace {

constexpr float kLeast = 0.1f;                  // of a box that stays at least
constexpr float kFew = 0.004f;                  // of a line: pixels of the frame that may be off its colour
constexpr float kFewText = 0.03f;               // the same beside lines of text, whose blocks JPEG makes uneven
constexpr float kFaint = 0.3f;                  // levels that count as none
constexpr float kDense = 0.88f;                 // of a line: more pixels off the colour than lines of text have
constexpr float kTextHeight = 0.2f;             // of the box: the longest run of lines with text
constexpr float kMost = 0.45f, kLittle = 0.2f;  // of a line: what changes at an edge, and before it
constexpr uint32_t kBlocks = 16;                // pixels of the source: a block of JPEG with halved chroma

// The lines of a side for one tolerance. Behind the last line it continues.
struct Profile {
  ExactLines& lines;
  uint32_t tolerance;
  const ExactLine& at(uint32_t i) const { return lines[std::min(i, lines.size() - 1)]; }
  float mean(uint32_t i) const { return at(i).mean; }
  float mean_before(uint32_t i, uint32_t k) const { return i >= k ? at(i - k).mean : 0; }
  float off(uint32_t i) const { return at(i).off[tolerance]; }
};

// An edge between the frame and what is inside.
struct Edge {
  float at;
  bool sure;
};

// Finds the edge behind line `first`, which is the first that is not of the frame's colour alone. JPEG spreads the
// image over the frame's last block, but much fainter than the image is.
Edge edge_behind(const Profile& v, uint32_t first, uint32_t reach) {
  uint32_t best = first;
  float greatest = 0;
  for (uint32_t i = first; i < std::min(first + reach + 1, v.lines.size()); ++i) {
    const float step = (v.mean(i) + v.mean(i + 1) + kFaint) / (v.mean_before(i, 1) + v.mean_before(i, 2) + kFaint);
    if (step > greatest) greatest = step, best = i;
  }
  const float inside = std::max(0.5f * (v.mean(best + 1) + v.mean(best + 2)), v.mean(best));
  float outside = 0;
  for (uint32_t k = 0; k < 3; ++k) outside += std::min(inside, v.mean_before(best, k));
  const float line = static_cast<float>(best);
  const float end = std::clamp(line + 1 - outside / std::max(inside, 1e-3f), line - 1, line + 1);
  const ExactLine &in = v.at(best + 1), &out = v.at(best >= 2 ? best - 2 : 0);
  return {end, in.off[v.tolerance] >= kMost && out.off[v.tolerance] <= kLittle};
}

// Finds the line at which an image ends a colour with text on it. Line `near` is the first of many that have hardly any
// of the colour.
uint32_t start_of_image(const Profile& v, uint32_t near) {
  uint32_t best = near;
  float greatest = 0;
  for (uint32_t i = std::max(near, 4u) - 2; i <= near + 2; ++i) {
    const float step = v.off(i) + v.off(i + 1) - v.off(i - 1) - v.off(i - 2);
    if (step > greatest) greatest = step, best = i;
  }
  return best;
}

}  // namespace

Margin MarginFinder::measure(int s, const Box& rest, uint32_t tolerance, bool text) {
  Margin m;
  Side side = side_of(copy_.rgb.data(), copy_.width, rest, s);
  const uint32_t whole = s % 2 == 0 ? box_.width() : box_.height();
  const uint32_t least = std::max(1u, static_cast<uint32_t>(kLeast * static_cast<float>(whole)));
  const uint32_t cut = static_cast<uint32_t>(corner_ * static_cast<float>(side.length));
  if (side.lines <= least + 2 || side.length <= 2 * cut) return m;
  side.first += static_cast<ptrdiff_t>(cut) * side.next_pixel, side.length -= 2 * cut;

  ExactLines& lines = lines_->side[s];
  if (!lines.start(side)) return m;
  const Profile v = {lines, tolerance};
  const float few = text ? kFewText : kFew, faint = kFaint * static_cast<float>(1 + kTolerance[tolerance]);
  const auto plain = [&](uint32_t i) { return v.off(i) <= few && v.mean(i) <= faint; };
  if (!plain(0)) return m;

  const uint32_t reach = kBlocks * copy_.width / std::max(copy_.source_width, copy_.width) + 2;
  const uint32_t patience = text ? static_cast<uint32_t>(kTextHeight * static_cast<float>(side.lines)) : 0;
  const uint32_t rule = std::max(12u, side.lines / 96);  // a line drawn across an interface, and its blocks
  const uint32_t most = side.lines - least;
  uint32_t end = 1;    // behind the last plain line
  uint32_t dense = 0;  // lines in a row that have hardly any of the colour
  for (uint32_t i = 1; i < most; ++i) {
    if (plain(i)) {
      if (i > end) {
        if (m.runs == kRuns) break;
        const Edge edge = edge_behind(v, end, std::min(reach, i - end));
        m.run[m.runs++] = {edge.at, static_cast<float>(i), edge.sure};
        m.text = true;
      }
      end = i + 1, dense = 0;
      continue;
    }
    dense = v.off(i) > kDense ? dense + 1 : 0;
    if (dense > rule && i - dense - end >= reach) {
      // The image follows the text, without a plain line between them.
      m.flat = m.text = m.sure = true;
      const uint32_t start = start_of_image(v, i + 1 - dense);
      m.end = edge_behind(v, start, std::min(reach / 2, most - 1 - start)).at;
      return m;
    }
    if (i - end >= patience) break;
  }
  if (end >= most) return m;
  const Edge edge = edge_behind(v, end, std::min(reach, most - 1 - end));
  m.flat = true, m.end = edge.at, m.sure = edge.sure;
  return m;
}

Margins MarginFinder::find(uint32_t tolerance, bool text) {
  Margins result;
  Box rest = box_;
  // Bars above and below hide borders at the sides, and the other way round, so sides without a margin are tried again.
  for (int pass = 0; pass < 2; ++pass)
    for (const int s : {1, 3, 0, 2}) {
      if (result.side[s].flat) continue;
      const Margin m = measure(s, rest, tolerance, text && s % 2 == 1);
      if (!m.flat) continue;
      result.side[s] = m;
      const uint32_t end = static_cast<uint32_t>(std::max(0.f, m.end));
      if (s == 0) rest.left += end;
      if (s == 1) rest.top += end;
      if (s == 2) rest.right -= end;
      if (s == 3) rest.bottom -= end;
    }
  return result;
}

}  // namespace empreinte
