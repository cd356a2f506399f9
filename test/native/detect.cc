// The detectors against images whose truth is known: a scene is drawn into a frame, a screen, another scene or,
// turned, onto a canvas, and one of the views must be where it was drawn. Then images made to be bad for them: every
// detector keeps its bound and answers with numbers, and a sanitizer watches the reads.
//
//   detect <seed> <rounds>
//
// Prints each failure, and a last line with their number.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../../native/views/detect/detect.h"

namespace {

using namespace empreinte;

uint32_t state = 1;
uint32_t next() { return state = state * 1664525u + 1013904223u, state >> 8; }
float uniform(float from, float to) { return from + (to - from) * static_cast<float>(next() % 65536) / 65536; }

int checks = 0, failures = 0;
void expect(bool good, const char* what, const char* where) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s: %s\n", where, what);
}

struct Colour {
  float c[3];
};
Colour any_colour() { return {{uniform(0, 255), uniform(0, 255), uniform(0, 255)}}; }

// A scene: discs of many sizes on a slope of two colours, so that it has edges, but no long straight ones.
class Scene {
 public:
  Scene() : a_(any_colour()), b_(any_colour()) {
    for (int i = 0; i < 160; ++i) {
      const float r = 0.01f + 0.16f / static_cast<float>(1 + i / 5);
      discs_.push_back({uniform(0, 1), uniform(0, 1), r, any_colour()});
    }
  }
  Colour at(float u, float v) const {
    Colour colour;
    for (int c = 0; c < 3; ++c) colour.c[c] = a_.c[c] + (b_.c[c] - a_.c[c]) * v;
    for (const Disc& d : discs_)
      if ((u - d.u) * (u - d.u) + (v - d.v) * (v - d.v) < d.r * d.r) colour = d.colour;
    return colour;
  }

 private:
  struct Disc {
    float u, v, r;
    Colour colour;
  };
  Colour a_, b_;
  std::vector<Disc> discs_;
};

WorkingCopy blank(uint32_t w, uint32_t h) {
  WorkingCopy p;
  p.width = w, p.height = h;
  p.rgb = Array<uint8_t>(size_t{3} * w * h + kSpare);
  p.luma = Array<float>(size_t{w} * h);
  if (!p.rgb || !p.luma) std::exit(2);
  return p;
}

template <class At>
void fill(WorkingCopy& p, const At& at) {
  for (uint32_t y = 0; y < p.height; ++y)
    for (uint32_t x = 0; x < p.width; ++x) {
      const Colour colour = at(x, y);
      for (int c = 0; c < 3; ++c)
        p.rgb[3 * (size_t{y} * p.width + x) + c] = static_cast<uint8_t>(std::clamp(colour.c[c], 0.f, 255.f));
    }
}

// Draws the scene turned by `angle` with sides w and h around (x, y), and tells the corners as shares.
View draw(WorkingCopy& p, const Scene& scene, float x, float y, float w, float h, float angle) {
  const float cosine = std::cos(angle), sine = std::sin(angle);
  for (uint32_t j = 0; j < p.height; ++j)
    for (uint32_t i = 0; i < p.width; ++i) {
      const float dx = static_cast<float>(i) + 0.5f - x, dy = static_cast<float>(j) + 0.5f - y;
      const float u = (cosine * dx + sine * dy) / w + 0.5f, v = (cosine * dy - sine * dx) / h + 0.5f;
      if (u < 0 || u >= 1 || v < 0 || v >= 1) continue;
      const Colour colour = scene.at(u, v);
      for (int c = 0; c < 3; ++c)
        p.rgb[3 * (size_t{j} * p.width + i) + c] = static_cast<uint8_t>(std::clamp(colour.c[c], 0.f, 255.f));
    }
  View truth = {};
  const float signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};
  for (int k = 0; k < 4; ++k) {
    const float dx = signs[k][0] * w / 2, dy = signs[k][1] * h / 2;
    truth.x[k] = (x + cosine * dx - sine * dy) / static_cast<float>(p.width);
    truth.y[k] = (y + sine * dx + cosine * dy) / static_cast<float>(p.height);
  }
  return truth;
}

constexpr size_t kRoom = 64;
struct Found {
  View view[kRoom];
  size_t n = 0;
  float flat = 0;
};

Found detect(const WorkingCopy& p, const char* where) {
  Found found;
  const emp_kernel* kernel = nullptr;
  HalfResolution half;
  if (emp_kernel_find(nullptr, &kernel) != EMP_OK || make_half_resolution(p, *kernel, half) != EMP_OK) std::exit(2);
  found.flat = flatness(half);
  expect(found.flat > 0 && found.flat <= 1, "flatness is a share", where);
  using Detector = emp_status (*)(const WorkingCopy&, const HalfResolution&, Views&);
  const std::pair<Detector, size_t> detectors[] = {
      {find_trims, 5}, {find_components, 8}, {find_rectangles, 8}, {find_quadrilaterals, 5}, {find_faint_frames, 36}};
  for (const auto& [find, bound] : detectors) {
    View room[kRoom];
    Views views(room, kRoom);
    // Components are searched for frames too.
    for (size_t i = 0; i < found.n; ++i)
      if (found.view[i].kind == ViewKind::component && find == find_faint_frames) views.add(found.view[i]);
    const size_t before = views.size();
    expect(find(p, half, views) == EMP_OK, "ended well", where);
    expect(views.size() - before <= bound, "no more views than it says", where);
    for (size_t i = before; i < views.size(); ++i) {
      for (int k = 0; k < 4; ++k)
        expect(std::abs(views[i].x[k]) < 3 && std::abs(views[i].y[k]) < 3, "corners are near the image", where);
      found.view[found.n++] = views[i];
    }
  }
  return found;
}

// The corner that is furthest off, as a share of the smaller side of the truth.
float error(const View& a, const View& truth, const WorkingCopy& p) {
  const float w = static_cast<float>(p.width), h = static_cast<float>(p.height);
  const auto difference = [&](const View& l, int i, const View& r, int j) {
    return std::hypot((l.x[i] - r.x[j]) * w, (l.y[i] - r.y[j]) * h);
  };
  float most = 0;
  for (int k = 0; k < 4; ++k) most = std::max(most, difference(a, k, truth, k));
  return most / std::min(difference(truth, 0, truth, 1), difference(truth, 1, truth, 2));
}

void expect_found(const WorkingCopy& p, const View& truth, const char* where) {
  const Found found = detect(p, where);
  float least = 9;
  for (size_t i = 0; i < found.n; ++i) least = std::min(least, error(found.view[i], truth, p));
  char what[80];
  std::snprintf(what, sizeof(what), "a view within 1 %% of the truth, nearest %.3f", static_cast<double>(least));
  expect(least < 0.01f, what, where);
}

// Text as screens have it: dark dashes in lines.
void write(WorkingCopy& p, uint32_t left, uint32_t top, uint32_t width, uint32_t lines) {
  for (uint32_t l = 0; l < lines; ++l)
    for (uint32_t y = top + 16 * l; y < std::min(top + 16 * l + 8, p.height); ++y)
      for (uint32_t x = left; x < std::min(left + width, p.width); ++x)
        if ((x / 2 * 7 + l * 13 + (x / 5) * 3) % 5 < 2 && x / 30 % 4 != 3)
          for (int c = 0; c < 3; ++c) p.rgb[3 * (size_t{y} * p.width + x) + c] = 60;
}

void found_again() {
  const Scene scene, other;
  const float w = std::round(uniform(420, 640)), h = std::round(uniform(300, 480));
  const auto plain = [&](WorkingCopy& p, Colour colour) { fill(p, [&](uint32_t, uint32_t) { return colour; }); };
  const auto number = [](float v) { return static_cast<uint32_t>(v); };
  const Colour light = {{240, 242, 245}};
  {
    const float b = std::round(uniform(8, 120));
    WorkingCopy p = blank(number(w + 2 * b), number(h + 2 * b));
    plain(p, any_colour());
    expect_found(p, draw(p, scene, b + w / 2, b + h / 2, w, h, 0), "border");
  }
  {
    const float b = std::round(uniform(60, 140));
    WorkingCopy p = blank(number(w), number(h + b));
    plain(p, light);
    const View truth = draw(p, scene, w / 2, b + h / 2, w, h, 0);
    write(p, 20, number(b / 2) - 12, number(w) - 60, 2);
    expect_found(p, truth, "caption");
  }
  {
    WorkingCopy p = blank(number(w), number(w * 1.7f));
    fill(p, [&](uint32_t x, uint32_t y) {
      // Smooth, as a much blurred image is.
      const float fx = static_cast<float>(x) / w, fy = static_cast<float>(y) / w;
      return Colour{{120 + 90 * std::sin(3 * fx + 1), 110 + 80 * std::cos(2 * fy + fx), 90 + 60 * std::sin(4 * fy)}};
    });
    expect_found(p, draw(p, scene, w / 2, std::round(w * 0.85f), w, 2 * std::round(h / 2), 0), "blurred fill");
  }
  {
    WorkingCopy p = blank(560, 1020);
    plain(p, light);
    const float side = 480;
    const View truth = draw(p, scene, 280, 430, side, std::round(side * 0.7f), 0);
    write(p, 40, 60, 300, 2);
    write(p, 40, 640, 470, 6);
    expect_found(p, truth, "screen");
  }
  {
    WorkingCopy p = blank(900, 680);
    draw(p, other, 450, 340, 900, 680, 0);
    const View truth = draw(p, scene, std::round(uniform(300, 600)), std::round(uniform(260, 420)), 470, 360, 0);
    expect_found(p, truth, "picture in picture");
  }
  for (const float degrees : {1.f, 2.5f, 5.f, 14.f, 35.f}) {
    const float a = degrees * 3.14159265f / 180 * (next() % 2 ? 1.f : -1.f), c = std::abs(std::cos(a)),
                s = std::abs(std::sin(a));
    WorkingCopy p = blank(number(c * w + s * h) + 1, number(s * w + c * h) + 1);
    plain(p, {{0, 0, 0}});
    char where[40];
    std::snprintf(where, sizeof(where), "turned by %.1f degrees", static_cast<double>(degrees));
    expect_found(p, draw(p, scene, static_cast<float>(p.width) / 2, static_cast<float>(p.height) / 2, w, h, a), where);
  }
}

// Images whose own edges have nearly the colour of what surrounds them: 4 … 8 levels off, with noise, or not at all.
void found_with_faint_edges() {
  const Scene scene;
  const bool dark = next() % 2;
  const float base = dark ? 0.f : 255.f, sign = dark ? 1.f : -1.f;
  const float w = std::round(uniform(400, 600)), h = std::round(uniform(300, 440));
  // The scene fades towards the sides, where only noise is left.
  const auto draw_faint = [&](WorkingCopy& p, float left, float top, bool noise) {
    for (uint32_t j = 0; j < p.height; ++j)
      for (uint32_t i = 0; i < p.width; ++i) {
        const float u = (static_cast<float>(i) + 0.5f - left) / w, v = (static_cast<float>(j) + 0.5f - top) / h;
        if (u < 0 || u >= 1 || v < 0 || v >= 1) continue;
        const float depth = std::min({u, v, 1 - u, 1 - v}), share = std::clamp((depth - 0.12f) / 0.1f, 0.f, 1.f);
        const Colour colour = scene.at(u, v);
        for (int c = 0; c < 3; ++c) {
          const float own = noise ? base + sign * static_cast<float>(4 + next() % 5) : base;
          p.rgb[3 * (size_t{j} * p.width + i) + c] =
              static_cast<uint8_t>(std::clamp(own + share * (colour.c[c] - own), 0.f, 255.f));
        }
      }
    return box(left / static_cast<float>(p.width), top / static_cast<float>(p.height),
               (left + w) / static_cast<float>(p.width), (top + h) / static_cast<float>(p.height), ViewKind::whole);
  };
  const auto plain = [&](float width, float height) {
    WorkingCopy p = blank(static_cast<uint32_t>(width), static_cast<uint32_t>(height));
    fill(p, [&](uint32_t, uint32_t) { return Colour{{base, base, base}}; });
    return p;
  };
  const float b = std::round(uniform(20, 100));
  {
    WorkingCopy p = plain(w + 2 * b, h + 2 * b);
    expect_found(p, draw_faint(p, b, b, true), "faint border");
  }
  {
    WorkingCopy p = plain(w, h + 2 * b);
    expect_found(p, draw_faint(p, 0, b, true), "faint bars above and below");
  }
  {
    WorkingCopy p = plain(w + 2 * b, h);
    expect_found(p, draw_faint(p, b, 0, true), "faint bars left and right");
  }
  {
    const float bar = std::round(uniform(60, 100));
    WorkingCopy p = plain(w, h + bar);
    const View truth = draw_faint(p, 0, bar, true);
    write(p, 20, static_cast<uint32_t>(bar / 2) - 12, static_cast<uint32_t>(w) - 60, 2);
    expect_found(p, truth, "faint caption");
  }
  {
    // Nothing shows where this one ends, but it has a usual shape.
    const float high = std::round(w * 0.75f);
    WorkingCopy p = plain(w, high + 2 * b);
    fill(p, [&](uint32_t i, uint32_t j) {
      const float x = (static_cast<float>(i) - w / 2) / w, y = (static_cast<float>(j) - b - high / 2) / high;
      const float v = base + sign * 120.f;
      return x * x + y * y < 0.1f ? Colour{{v, v, v}} : Colour{{base, base, base}};
    });
    const float all = high + 2 * b;
    expect_found(p, box(0, b / all, 1, (b + high) / all, ViewKind::whole), "bars that nothing shows");
  }
}

void hostile() {
  const auto grey = [](float v) { return Colour{{v, v, v}}; };
  const auto noise = [](uint32_t, uint32_t) { return any_colour(); };
  const std::pair<uint32_t, uint32_t> sizes[] = {{5, 5},     {5, 1024},    {1024, 5},  {1024, 16},
                                                 {17, 16},   {63, 64},     {64, 63},   {65, 512},
                                                 {512, 512}, {1024, 1024}, {700, 513}, {513, 1024}};
  for (const auto& size : sizes) {
    const uint32_t w = size.first, h = size.second;
    WorkingCopy p = blank(w, h);
    fill(p, noise), detect(p, "noise");
    fill(p, [&](uint32_t, uint32_t) { return grey(200); }), detect(p, "one colour");
    fill(p, [&](uint32_t x, uint32_t y) { return grey((x + y) % 2 ? 255.f : 0.f); }), detect(p, "checks of one pixel");
    fill(p, [&](uint32_t x, uint32_t) { return grey(x % 4 < 2 ? 255.f : 0.f); }), detect(p, "stripes");
    fill(p, [&](uint32_t x, uint32_t y) { return grey((x / 9 + y / 9) % 2 ? 255.f : 0.f); }), detect(p, "checks");
    fill(p, [&](uint32_t x, uint32_t y) { return grey(x % 13 == 0 || y % 13 == 0 ? 0.f : 255.f); }), detect(p, "grid");
    fill(p, [&](uint32_t x, uint32_t y) { return grey(x == w / 2 && y == h / 2 ? 255.f : 0.f); }), detect(p, "a dot");
    fill(p, [&](uint32_t x, uint32_t y) { return grey(static_cast<float>((x * 7 + y * 3) % 64 * 4)); });
    detect(p, "slanted lines");
    // Frames in frames, each of another colour.
    fill(p, [&](uint32_t x, uint32_t y) {
      const uint32_t depth = std::min({x, y, w - 1 - x, h - 1 - y});
      return grey(static_cast<float>(depth / 6 * 89 % 256));
    });
    detect(p, "frames in frames");
  }
}

}  // namespace

int main(int argc, char** argv) {
  state = argc > 1 ? static_cast<uint32_t>(std::atoi(argv[1])) : 1;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 4;
  for (int i = 0; i < rounds; ++i) found_again(), found_with_faint_edges();
  hostile();
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
