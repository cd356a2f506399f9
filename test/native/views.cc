// Views of images that are meant to hurt: sides that are small, long or odd, rows with gaps, corners anywhere,
// targets that no image has. What counts is that a sanitizer finds nothing, that bounds hold, and that calls again
// answer alike.
//
//   views <seed> <rounds>
//
// Prints each failure and a last line with their number.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "../../native/empreinte.h"

namespace {

int checks = 0, failures = 0;
void expect(bool good, const char* what) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s\n", what);
}

struct Random {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  }
  uint32_t below(uint32_t n) { return next() % n; }
  float share() { return static_cast<float>(next()) / 2147483648.0f; }
};

struct Pixels {
  std::vector<uint8_t> data;
  emp_pixels view;
};

// Exactly as many bytes as may be read, so that one more is found.
Pixels make(Random& random, uint32_t width, uint32_t height, uint32_t channels, uint32_t gap, uint32_t kind) {
  const size_t row = size_t{width} * channels, stride = row + gap;
  Pixels p;
  p.data.resize(stride * (height - 1) + row);
  for (uint32_t y = 0; y < height; ++y)
    for (uint32_t x = 0; x < row; ++x) {
      uint8_t value = 0;
      if (kind == 0) value = static_cast<uint8_t>(random.next());
      if (kind == 1) value = static_cast<uint8_t>(255 * ((x / channels + y) & 1));
      if (kind == 2) value = static_cast<uint8_t>(128 + 90 * std::sin(x * 0.02f) * std::cos(y * 0.03f + x * 0.005f));
      if (kind == 3) value = x / channels == width / 2 && y == height / 2 ? 255 : 0;
      if (kind == 4) value = (x / channels) % 38 < 30 && y % 38 < 30 ? static_cast<uint8_t>(random.next()) : 255;
      p.data[stride * y + x] = value;
    }
  p.view = {p.data.data(), p.data.size(), width, height, channels, stride};
  return p;
}

emp_view any_view(Random& random, float reach) {
  emp_view view = {};
  for (int i = 0; i < 4; ++i)
    view.x[i] = reach * (random.share() - 0.5f) + 0.5f, view.y[i] = reach * (random.share() - 0.5f) + 0.5f;
  return view;
}

// A copy has just the bytes it says, each of them between the darkest and the lightest of the image.
void shrink(Random& random, const Pixels& p) {
  const uint32_t width = 1 + random.below(p.view.width), height = 1 + random.below(p.view.height);
  const uint32_t samples = p.view.channels == 1 ? 1 : 3;
  std::vector<uint8_t> copy(size_t{width} * height * samples, 7), again(copy.size(), 9);
  expect(emp_shrink(&p.view, width, height, copy.data()) == EMP_OK, "a smaller copy is made");
  expect(emp_shrink(&p.view, width, height, again.data()) == EMP_OK && copy == again, "and the same again");
  uint8_t darkest = 255, lightest = 0;
  for (const uint8_t sample : p.data) {
    if (sample < darkest) darkest = sample;
    if (sample > lightest) lightest = sample;
  }
  bool within = true;
  // Rows and columns are each rounded once.
  for (const uint8_t sample : copy) within = within && sample + 2 >= darkest && sample <= lightest + 2;
  expect(within, "a mean lies between what it is the mean of");
  expect(emp_shrink(&p.view, 0, height, copy.data()) == EMP_BAD_GEOMETRY, "no width");
  expect(emp_shrink(&p.view, width, p.view.height + 1, copy.data()) == EMP_BAD_GEOMETRY, "higher than it was");
}

void check_one(Random& random, const Pixels& p) {
  shrink(random, p);
  emp_views* views = nullptr;
  const emp_status made = emp_views_create(&p.view, nullptr, &views);
  if (p.view.width < 5 || p.view.height < 5) {
    expect(made == EMP_BAD_GEOMETRY && views == nullptr, "a side below 5 is refused");
    return;
  }
  expect(made == EMP_OK, "variants are made");
  if (made != EMP_OK) return;
  const float flat = emp_views_flatness(views);
  expect(flat > 0 && flat <= 1, "flatness is a share");
  std::vector<emp_view_hash> out(EMP_STAGE_MOST);
  for (const emp_view_stage stage : {EMP_STAGE_TURNED, EMP_STAGE_DETECTED, EMP_STAGE_FIXED, EMP_STAGE_LARGE}) {
    size_t count = 1000;
    expect(emp_views_stage(views, stage, nullptr, out.data(), &count) == EMP_OK, "a stage is made");
    // README: never more than 80 at the standard level, the plain hash, the resized one and the negative included.
    const size_t most = stage == EMP_STAGE_TURNED ? 7 : stage == EMP_STAGE_DETECTED ? 28 : 42;
    expect(count <= most, "a stage is bounded");
    for (size_t i = 0; i < count; ++i) {
      expect(out[i].quality >= 0 && out[i].quality <= 100, "quality");
      emp_view_hash again;
      expect(emp_views_hash(views, &out[i].view, 0, &again) == EMP_OK &&
                 std::memcmp(again.hash, out[i].hash, EMP_HASH_BYTES) == 0,
             "a view hashed again");
    }
  }
  emp_cancel stop = {[](void*) { return 1; }, nullptr};
  size_t count;
  expect(emp_views_stage(views, EMP_STAGE_FIXED, &stop, out.data(), &count) == EMP_CANCELLED, "a stage is ended");
  expect(emp_views_stage(views, static_cast<emp_view_stage>(9), nullptr, out.data(), &count) == EMP_BAD_OPTION,
         "there is no such stage");
  for (int i = 0; i < 12; ++i) {
    emp_view view = any_view(random, i < 4 ? 1.5f : i < 8 ? 8.0f : 1e3f);
    if (i == 5) view.x[2] = std::numeric_limits<float>::quiet_NaN();
    if (i == 6) view.y[1] = std::numeric_limits<float>::infinity();
    emp_view_hash one;
    const emp_status status = emp_views_hash(views, &view, i % 3 == 0 ? random.below(1u << 24) : 0, &one);
    expect(status == EMP_OK || status == EMP_BAD_GEOMETRY, "any corners");
    uint8_t target[EMP_HASH_BYTES];
    for (uint8_t& byte : target) byte = static_cast<uint8_t>(i == 0 ? 0 : i == 1 ? 255 : random.next());
    emp_view_hash moved;
    if (emp_views_align(views, &view, target, &moved) != EMP_OK || status != EMP_OK) continue;
    emp_view_hash from;
    if (emp_views_hash(views, &view, 0, &from) != EMP_OK) continue;
    expect(emp_hash_distance(moved.hash, target) <= emp_hash_distance(from.hash, target), "never farther than before");
  }
  emp_views_destroy(views);
}

}  // namespace

int main(int argc, char** argv) {
  Random random = {argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1};
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 1;
  const uint32_t sizes[][2] = {{5, 5},     {4, 9},      {1, 1},    {6, 700},   {10000, 40}, {40, 6000},
                               {1024, 77}, {1025, 300}, {127, 64}, {640, 480}, {2050, 33}};
  for (int round = 0; round < rounds; ++round) {
    for (const auto& size : sizes) {
      const uint32_t channels = random.below(3) == 0 ? 1 : 3 + random.below(2);
      check_one(random, make(random, size[0], size[1], channels, random.below(5), random.below(5)));
    }
    check_one(random, make(random, 5 + random.below(600), 5 + random.below(600), 3, 0, random.below(5)));
  }
  const uint8_t byte = 0;
  const emp_pixels wrong = {&byte, 1, 100, 100, 3, 300};
  emp_views* none;
  expect(emp_views_create(&wrong, nullptr, &none) == EMP_BAD_GEOMETRY && none == nullptr, "too few bytes");
  emp_views_destroy(nullptr);
  std::printf("%d checks of views, %d failures\n", checks, failures);
  return failures != 0;
}
