// What local points cost by stage, in processor time of one thread: the least of several runs on each image, and its
// mean over the images.
//
//   bench <images> <runs>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "../../native/kernels/kernels.h"
#include "../../native/local/extract/numbers.h"
#include "../../native/local/extract/orientation.h"
#include "../../native/local/extract/select.h"
#include "../../native/local/extract/twins.h"
#include "../../test/native/scene.h"

using namespace empreinte;

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

constexpr const char* kStages[] = {"working copy", "scale space", "selection", "orientations",
                                   "patches",      "histograms",  "bits",      "twins"};
constexpr size_t kCount = sizeof(kStages) / sizeof(kStages[0]);

struct Times {
  double stage[kCount];
  double whole;
  double points;
};

void least(Times& of, const Times& other) {
  for (size_t i = 0; i < kCount; ++i) of.stage[i] = std::min(of.stage[i], other.stage[i]);
  of.whole = std::min(of.whole, other.whole);
  of.points = other.points;
}

// The stages one after the other. Only the whole takes patches and orientations together, while rows are in the cache.
Times stages(const emp_pixels& pixels, const emp_kernel& kernel, bool registers) {
  Times t = {};
  double from = now();
  size_t next = 0;
  const auto done = [&] {
    const double to = now();
    t.stage[next++] = to - from;
    from = to;
  };
  const LocalSteps& steps = steps_of(kernel);
  const LocalCopySize size =
      registers ? registered_copy_size(pixels.width, pixels.height) : query_copy_size(pixels.width, pixels.height);
  LumaCopy copy;
  if (make_luma_copy(pixels, kernel, size, copy) != EMP_OK) std::abort();
  done();
  Arena arena(scale_space_bytes(size.width, size.height));
  ScaleSpace space;
  if (build_scale_space(copy, kernel, nullptr, arena, space) != EMP_OK) std::abort();
  done();
  if (registers && !select_spread(copy, kMostRegistered, space.extrema)) std::abort();
  if (!registers) select_strongest(kQueryPoints, space.extrema);
  done();
  std::vector<Orientations> orientations;
  for (const Extremum& e : space.extrema)
    orientations.push_back(orientations_of(steps, space.octave[e.octave].level[e.level], e, registers ? 1 : 2));
  done();
  constexpr size_t kPatch = kPatchSide * kPatchSide + 16;
  std::vector<float> patches(kPatch * kMostQueryPoints);
  LocalPoints points;
  points.points = Array<LocalPoint>(kMostQueryPoints);
  points.histograms = Array<LocalHistogram>(kMostQueryPoints);
  for (size_t i = 0; i < orientations.size(); ++i)
    for (uint32_t k = 0; k < orientations[i].count; ++k) {
      const Extremum& e = space.extrema[i];
      const Level& level = space.octave[e.octave].level[e.level];
      const Direction d = direction_of(orientations[i].angle[k]);
      const float step = 0.5f * e.sigma, scale = static_cast<float>(1u << e.octave);
      steps.patch({level.data, level.stride, level.width, level.height, e.x, e.y, d.cosine * step, d.sine * step},
                  patches.data() + kPatch * points.count);
      points.points[points.count++] = {e.x * scale, e.y * scale, e.sigma * scale, orientations[i].angle[k], {}};
    }
  done();
  for (uint32_t i = 0; i < points.count; ++i) steps.histogram(patches.data() + kPatch * i, points.histograms[i]);
  done();
  std::vector<uint32_t> words(8 * size_t{points.count} + 8);
  steps.descriptors(kLocalTable, points.histograms.data(), points.count,
                    reinterpret_cast<uint32_t(*)[8]>(words.data()));
  done();
  for (uint32_t i = 0; i < points.count; ++i) std::memcpy(points.points[i].descriptor, &words[8 * size_t{i}], 32);
  if (!drop_twins(steps, points)) std::abort();
  done();
  return t;
}

Times whole(const emp_pixels& pixels, const emp_kernel& kernel, bool registers) {
  Times t = {};
  const double from = now();
  if (registers) {
    std::vector<uint8_t> record(EMP_LOCAL_MOST_BYTES);
    size_t bytes = 0;
    if (emp_local_register(&pixels, &kernel, 200, nullptr, record.data(), &bytes) != EMP_OK) std::abort();
    t.points = static_cast<double>(bytes - 24) / 38;
  } else {
    emp_local_query* query = nullptr;
    if (emp_local_query_create(&pixels, &kernel, nullptr, &query) != EMP_OK) std::abort();
    t.points = emp_local_query_points(query);
    emp_local_query_destroy(query);
  }
  t.whole = now() - from;
  return t;
}

// Four scenes in one image: it has more places than a query takes, as detailed photographs have.
Image detailed(uint64_t seed, uint32_t width, uint32_t height) {
  Image all(width, height, 3);
  for (uint32_t i = 0; i < 4; ++i) {
    const Image part = scene(4 * seed + i, width / 2, height / 2, 3);
    for (uint32_t y = 0; y < part.height; ++y)
      std::memcpy(all.at(i % 2 * part.width, i / 2 * part.height + y), part.at(0, y), size_t{3} * part.width);
  }
  return all;
}

void measure(const char* of, const std::vector<Image>& images, const emp_kernel& kernel, bool registers, int runs) {
  Times mean = {};
  for (const Image& image : images) {
    const emp_pixels pixels = image.view();
    Times best = {}, alone = {};
    for (int run = 0; run < runs; ++run) {
      const Times t = stages(pixels, kernel, registers), w = whole(pixels, kernel, registers);
      if (run == 0) best = t, alone = w;
      least(best, t);
      least(alone, w);
    }
    const double n = static_cast<double>(images.size());
    for (size_t i = 0; i < kCount; ++i) mean.stage[i] += best.stage[i] / n;
    mean.whole += alone.whole / n;
    mean.points += alone.points / n;
  }
  std::printf("%s, %s of %s: %.1f ms, %.0f points\n", emp_kernel_name(&kernel), registers ? "registration" : "query",
              of, mean.whole, mean.points);
  for (size_t i = 0; i < kCount; ++i) std::printf("  %-14s %6.2f ms\n", kStages[i], mean.stage[i]);
}

}  // namespace

int main(int count, char** arguments) {
  const int images = count > 1 ? std::atoi(arguments[1]) : 6, runs = count > 2 ? std::atoi(arguments[2]) : 7;
  std::vector<Image> plain, full;
  for (int i = 0; i < images; ++i) {
    plain.push_back(scene(static_cast<uint64_t>(i) + 1, 1200, 900, 3));
    full.push_back(detailed(static_cast<uint64_t>(i) + 1, 1200, 900));
  }
  for (size_t k = 0; k < emp_kernel_count(); ++k) {
    const emp_kernel& kernel = *emp_kernel_at(k);
    if (!emp_kernel_supported(&kernel)) continue;
    for (const bool registers : {true, false}) {
      measure("scenes", plain, kernel, registers, runs);
      measure("detailed scenes", full, kernel, registers, runs);
    }
  }
}
