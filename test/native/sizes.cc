// Every width and height near the borders of tiles and windows, every channel count, rows with and without gaps, in
// buffers that end exactly with the last sample. All kernels and both methods must agree with the portable exact one,
// and a sanitizer watches the reads.
//
//   sizes <check every n-th size>
//
// Prints each failure and a last line with their number.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "../../native/empreinte.h"

namespace {

uint32_t state = 11;
uint32_t next_random() { return state = state * 1664525u + 1013904223u; }

int failures = 0, images = 0;

void check(uint32_t width, uint32_t height, uint32_t channels, uint32_t gap) {
  const size_t stride = size_t{width} * channels + gap, size = stride * (height - 1) + size_t{width} * channels;
  const std::unique_ptr<uint8_t[]> samples(new uint8_t[size]);
  for (size_t i = 0; i < size; ++i) samples[i] = static_cast<uint8_t>(next_random() >> 24);
  const emp_pixels p = {samples.get(), size, width, height, channels, stride};
  const emp_kernel* portable;
  emp_hash_result expected, got;
  emp_hash_options options = {nullptr, EMP_METHOD_EXACT, EMP_COMPAT_NONE, 1, {nullptr, nullptr}};
  if (emp_kernel_find("portable", &portable) != EMP_OK) std::exit(2);
  options.kernel = portable;
  if (emp_hash(&p, &options, &expected) != EMP_OK) std::exit(2);
  ++images;
  for (size_t k = 0; k < emp_kernel_count(); ++k)
    for (const emp_method method : {EMP_METHOD_AUTO, EMP_METHOD_EXACT}) {
      options.kernel = emp_kernel_at(k);
      options.method = method;
      if (!emp_kernel_supported(options.kernel)) continue;
      if (emp_hash(&p, &options, &got) != EMP_OK) std::exit(2);
      got.method_used = expected.method_used;
      if (std::memcmp(&got, &expected, sizeof(got)) == 0) continue;
      ++failures;
      std::printf("FAIL %s method %d: %ux%ux%u gap %u\n", emp_kernel_name(options.kernel), method, width, height,
                  channels, gap);
    }
}

}  // namespace

int main(int argc, char** argv) {
  const uint32_t every = argc > 1 ? static_cast<uint32_t>(std::atoi(argv[1])) : 1;
  uint32_t turn = 0;
  const uint32_t sides[] = {5, 6, 7, 8, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 79, 80, 81, 127, 128, 129, 140};
  for (const uint32_t width : sides)
    for (const uint32_t height : sides)
      for (const uint32_t channels : {1u, 3u, 4u}) {
        const uint32_t gap = next_random() % 3 == 0 ? next_random() % 40 : 0;
        if (turn++ % every == 0) check(width, height, channels, gap);
      }
  for (int i = 0; i < 60; ++i)
    check(5 + next_random() % 900, 5 + next_random() % 900, i % 2 ? 3 : 1, next_random() % 5);
  for (const uint32_t channels : {1u, 3u, 4u}) check(9000, 7, channels, 3), check(7, 9000, channels, 3);
  std::printf("%d images, %d failures\n", images, failures);
  return failures == 0 ? 0 : 1;
}
