#include "refine.h"

#include <algorithm>
#include <cmath>

namespace empreinte {
namespace {

constexpr int kProfiles = 32, kReach = 8;
constexpr float kFaint = 4;    // levels over two pixels, below which a profile is ignored
constexpr float kStrong = 40;  // a stronger edge counts no more than this, so that a few do not outvote the rest

struct Side {
  PlanePoint from, to;
};

// Interpolates the colour between pixels; outside the image its edge continues. An unused fourth sample makes whole
// vectors.
void colour_at(const WorkingCopy& p, float x, float y, float* __restrict colour) {
  x = std::clamp(x - 0.5f, 0.f, static_cast<float>(p.width) - 1.001f);
  y = std::clamp(y - 0.5f, 0.f, static_cast<float>(p.height) - 1.001f);
  const uint32_t i = static_cast<uint32_t>(x), j = static_cast<uint32_t>(y);
  const float fx = x - static_cast<float>(i), fy = y - static_cast<float>(j);
  const uint8_t *above = p.rgb.data() + 3 * (size_t{j} * p.width + i), *below = above + size_t{3} * p.width;
  for (int c = 0; c < 4; ++c) {
    const float a = static_cast<float>(above[c]) + fx * static_cast<float>(above[c + 3] - above[c]);
    const float b = static_cast<float>(below[c]) + fx * static_cast<float>(below[c + 3] - below[c]);
    colour[c] = a + fy * (b - a);
  }
}

// Returns the top of the parabola through three values, −0.5 … 0.5 from the middle one.
float top_of(float before, float middle, float after) {
  const float bend = before - 2 * middle + after;
  return bend < -1e-3f ? std::clamp(0.5f * (before - after) / bend, -0.5f, 0.5f) : 0;
}

// Measures how steep the image is across the side, at each of kProfiles places and at each step −reach … reach.
struct Profiles {
  float steep[kProfiles][2 * kReach + 1];
  bool inside[kProfiles];
};

void plan(const WorkingCopy& p, const Side& side, PlanePoint normal, int reach, Profiles& out) {
  for (int m = 0; m < kProfiles; ++m) {
    const float t = 0.03f + 0.94f * (static_cast<float>(m) + 0.5f) / kProfiles;
    const float x = side.from.x + (side.to.x - side.from.x) * t, y = side.from.y + (side.to.y - side.from.y) * t;
    out.inside[m] = x > 1 && y > 1 && x < static_cast<float>(p.width) - 1 && y < static_cast<float>(p.height) - 1;
    if (!out.inside[m]) continue;
    float colour[2 * kReach + 3][4];
    for (int k = -reach - 1; k <= reach + 1; ++k)
      colour_at(p, x + normal.x * static_cast<float>(k), y + normal.y * static_cast<float>(k), colour[k + reach + 1]);
    for (int k = 0; k <= 2 * reach; ++k) {
      float most = 0;
      for (int c = 0; c < 3; ++c) most = std::max(most, std::abs(colour[k + 2][c] - colour[k][c]));
      out.steep[m][k] = std::min(kStrong, most);
    }
  }
}

// Finds one step for the whole side: the one with the greatest sum over all places.
bool shift_of(const Profiles& profiles, int reach, float& shift) {
  float sum[2 * kReach + 1] = {};
  for (int m = 0; m < kProfiles; ++m)
    for (int k = 0; profiles.inside[m] && k <= 2 * reach; ++k) sum[k] += profiles.steep[m][k];
  const int best = static_cast<int>(std::max_element(sum, sum + 2 * reach + 1) - sum);
  if (sum[best] < kFaint * kProfiles / 4) return false;
  shift = static_cast<float>(best - reach);
  if (best > 0 && best < 2 * reach) shift += top_of(sum[best - 1], sum[best], sum[best + 1]);
  return true;
}

// Finds a step for each end, from the line on which most places have their steepest step.
bool turn_of(const Profiles& profiles, int reach, float& start, float& end) {
  float at[kProfiles], step[kProfiles];
  int n = 0;
  for (int m = 0; m < kProfiles; ++m) {
    if (!profiles.inside[m]) continue;
    const float* s = profiles.steep[m];
    const int best = static_cast<int>(std::max_element(s, s + 2 * reach + 1) - s);
    if (s[best] < kFaint) continue;
    at[n] = (static_cast<float>(m) + 0.5f) / kProfiles;
    step[n] = static_cast<float>(best - reach);
    if (best > 0 && best < 2 * reach) step[n] += top_of(s[best - 1], s[best], s[best + 1]);
    ++n;
  }
  if (n < 6) return false;
  float slope = 0, base = 0;
  if (fit_most(at, step, n, 0.8f, base, slope) < 5) return false;
  start = base;
  end = base + slope;
  return true;
}

}  // namespace

int fit_most(const float* at, const float* value, int n, float on, float& base, float& slope) {
  int most = 0;
  const auto is_on = [&](int k, float a, float b) { return std::abs(value[k] - a * at[k] - b) < on; };
  // Tries a line through each two places that are far enough apart to give a slope.
  for (int i = 0; i < n; ++i)
    for (int j = i + n / 3 + 1; j < n; ++j) {
      const float a = (value[j] - value[i]) / (at[j] - at[i]), b = value[i] - a * at[i];
      int count = 0;
      for (int k = 0; k < n; ++k) count += is_on(k, a, b);
      if (count > most) most = count, slope = a, base = b;
    }
  float w = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int k = 0; k < n; ++k) {
    if (!is_on(k, slope, base)) continue;
    w += 1, sx += at[k], sy += value[k], sxx += at[k] * at[k], sxy += at[k] * value[k];
  }
  const float spread = w * sxx - sx * sx;
  if (most > 0 && spread > 1e-6f * w * w) slope = (w * sxy - sx * sy) / spread, base = (sy - slope * sx) / w;
  return most;
}

bool meet(PlanePoint a, PlanePoint b, PlanePoint c, PlanePoint d, PlanePoint& out) {
  const float ux = b.x - a.x, uy = b.y - a.y, vx = d.x - c.x, vy = d.y - c.y, cross = ux * vy - uy * vx;
  if (std::abs(cross) < 1e-6f * (length_of(ux, uy) * length_of(vx, vy) + 1e-6f)) return false;
  const float t = ((c.x - a.x) * vy - (c.y - a.y) * vx) / cross;
  out = {a.x + ux * t, a.y + uy * t};
  return true;
}

Quad refine(const WorkingCopy& copy, const Quad& quad, int reach, bool turn, uint32_t sides) {
  reach = std::min(reach, kReach);
  Side moved[4];
  for (int i = 0; i < 4; ++i) {
    Side side = {quad.corner[i], quad.corner[(i + 1) % 4]};
    const float dx = side.to.x - side.from.x, dy = side.to.y - side.from.y, length = length_of(dx, dy);
    if ((sides >> i & 1) != 0 && length > 8) {
      const PlanePoint normal = {-dy / length, dx / length};
      Profiles profiles;
      plan(copy, side, normal, reach, profiles);
      float start = 0, end = 0;
      bool found = turn && turn_of(profiles, reach, start, end);
      if (!turn && shift_of(profiles, reach, start)) found = true, end = start;
      if (found)
        side = {{side.from.x + normal.x * start, side.from.y + normal.y * start},
                {side.to.x + normal.x * end, side.to.y + normal.y * end}};
    }
    moved[i] = side;
  }
  Quad result = quad;
  for (int i = 0; i < 4; ++i) {
    const Side &before = moved[(i + 3) % 4], &after = moved[i];
    PlanePoint p;
    if (meet(before.from, before.to, after.from, after.to, p) &&
        length_of(p.x - quad.corner[i].x, p.y - quad.corner[i].y) < 4 * static_cast<float>(reach))
      result.corner[i] = p;
  }
  return result;
}

}  // namespace empreinte
