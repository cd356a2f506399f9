// Hash only: every kernel and way against the baseline, on the same generated images, in turn, medians. CPU time of
// this thread, as machines are shared. Arguments: images for each size, seed.
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../../native/empreinte.h"
#include "baseline.h"

namespace {

uint32_t state;
uint32_t next_random() {
  state += 0x6d2b79f5u;
  uint32_t t = state;
  t = (t ^ (t >> 15)) * (1 | t);
  t = (t + (t ^ (t >> 7)) * (61 | t)) ^ t;
  return t ^ (t >> 14);
}

// Plane waves, equal in size, their frequencies spread evenly over the logarithm (a photograph has as much contrast in
// each octave), a few rectangles, some noise; the channels of RGB are one image with other contrasts.
void make_image(uint32_t width, uint32_t height, uint32_t channels, std::vector<uint8_t>* out) {
  const auto unit = [] { return static_cast<float>(next_random() >> 8) / 16777216.0f; };
  std::vector<float> plane(size_t{width} * height, 0.0f), cosine(width), sine(width);
  for (int wave = 0; wave < 40; ++wave) {
    const float cycles = 0.3f * std::pow(150.0f, unit()), turn = 3.14159265f * unit(), phase = 6.2831853f * unit();
    const float fx = cycles * std::cos(turn), fy = cycles * std::sin(turn);
    for (uint32_t x = 0; x < width; ++x) {
      const float angle = 6.2831853f * fx * static_cast<float>(x) / static_cast<float>(width) + phase;
      cosine[x] = 11 * std::cos(angle);
      sine[x] = 11 * std::sin(angle);
    }
    for (uint32_t y = 0; y < height; ++y) {
      const float angle = 6.2831853f * fy * static_cast<float>(y) / static_cast<float>(height);
      const float a = std::cos(angle), b = std::sin(angle);
      float* row = &plane[size_t{y} * width];
      for (uint32_t x = 0; x < width; ++x) row[x] += cosine[x] * a - sine[x] * b;
    }
  }
  for (int box = 0; box < 8; ++box) {
    const uint32_t x0 = next_random() % width, y0 = next_random() % height;
    const uint32_t x1 = std::min(width, x0 + next_random() % (width / 3 + 1));
    const uint32_t y1 = std::min(height, y0 + next_random() % (height / 3 + 1));
    const float value = 200 * unit() - 100;
    for (uint32_t y = y0; y < y1; ++y)
      for (uint32_t x = x0; x < x1; ++x) plane[size_t{y} * width + x] = 0.5f * (plane[size_t{y} * width + x] + value);
  }
  out->resize(plane.size() * channels);
  const float contrast[3] = {1.0f, 0.5f + 0.5f * unit(), unit()};
  for (size_t i = 0; i < plane.size(); ++i)
    for (uint32_t c = 0; c < channels; ++c) {
      const float v = 128 + contrast[c] * plane[i] + static_cast<float>(next_random() % 7) - 3;
      (*out)[i * channels + c] = static_cast<uint8_t>(std::clamp(v, 0.0f, 255.0f));
    }
}

double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

struct Subject {
  const emp_kernel* kernel;
  emp_method method;
  std::vector<double> seconds;
  int fallbacks = 0, wrong = 0;
};

const char* method_name(emp_method method) {
  return method == EMP_METHOD_AUTO ? "auto" : method == EMP_METHOD_EXACT ? "exact" : "fast";
}

void run(const char* label, uint32_t width, uint32_t height, uint32_t channels, int images, int repeats) {
  std::vector<Subject> subjects;
  for (size_t k = 0; k < emp_kernel_count(); ++k)
    if (emp_kernel_supported(emp_kernel_at(k)))
      for (const emp_method method : {EMP_METHOD_AUTO, EMP_METHOD_EXACT, EMP_METHOD_FAST})
        subjects.push_back({emp_kernel_at(k), method, {}});
  std::vector<double> base;
  std::vector<uint8_t> samples;
  for (int i = 0; i < images; ++i) {
    make_image(width, height, channels, &samples);
    baseline::Result expected;
    double start = now();
    baseline::hash(samples.data(), static_cast<int>(width), static_cast<int>(height), static_cast<int>(channels),
                   &expected);
    base.push_back(now() - start);
    const emp_pixels p = {samples.data(), samples.size(), width, height, channels, size_t{width} * channels};
    // Another begins with each image: the first finds the caches as the baseline left them.
    for (size_t j = 0; j < subjects.size(); ++j) {
      Subject& s = subjects[(j + static_cast<size_t>(i)) % subjects.size()];
      emp_hash_result result;
      const emp_hash_options options = {s.kernel, s.method, EMP_COMPAT_NONE, 0, {nullptr, nullptr}};
      start = now();
      for (int r = 0; r < repeats; ++r)
        if (emp_hash(&p, &options, &result) != EMP_OK) std::exit(1);
      s.seconds.push_back((now() - start) / repeats);
      s.fallbacks += result.method_used == EMP_USED_FALLBACK;
      s.wrong += std::memcmp(result.hash, expected.hash, 32) != 0 || result.quality != expected.quality;
    }
  }
  const double peer = median(base);
  std::printf("%s, N = %d, baseline (scalar, -O3): %.3f ms\n", label, images, 1e3 * peer);
  std::printf("  %-9s %-8s %10s %10s %9s %10s %12s\n", "kernel", "method", "median ms", "mean ms", "ratio", "fallbacks",
              "not equal");
  for (const Subject& s : subjects) {
    double mean = 0;
    for (const double t : s.seconds) mean += t / images;
    std::printf("  %-9s %-8s %10.3f %10.3f %8.1fx %9d %12d\n", emp_kernel_name(s.kernel), method_name(s.method),
                1e3 * median(s.seconds), 1e3 * mean, peer / mean, s.fallbacks, s.wrong);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int images = argc > 1 ? std::atoi(argv[1]) : 40;
  state = argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 1;
  std::printf("seed %u; ratio = baseline's median over our mean (fallbacks included); thread CPU time\n", state);
  run("512x512 grey", 512, 512, 1, images, 20);
  run("1024x768 RGB", 1024, 768, 3, images, 8);
  run("4000x3000 RGB", 4000, 3000, 3, std::max(5, images / 2), 1);
  return 0;
}
