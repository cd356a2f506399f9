// The peer of the hash benchmark: PDQ as one writes it from the reference's description, scalar, whole float buffers,
// the reference's own order of operations. Same answers, no tricks.
#include "baseline.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace baseline {
namespace {

void box(const float* in, float* out, int n, int step, int w) {
  const int half = (w + 2) / 2;
  int left = 0, right = 0, at = 0, count = 0;
  float sum = 0;
  for (int i = 0; i < half - 1; ++i, ++right, ++count) sum += in[right * step];
  for (int i = 0; i < w - half + 1; ++i, ++right, ++at) {
    sum += in[right * step];
    out[at * step] = sum / static_cast<float>(++count);
  }
  for (int i = 0; i < n - w; ++i, ++right, ++left, ++at) {
    sum += in[right * step];
    sum -= in[left * step];
    out[at * step] = sum / static_cast<float>(count);
  }
  for (int i = 0; i < half - 1; ++i, ++left, ++at) {
    sum -= in[left * step];
    out[at * step] = sum / static_cast<float>(--count);
  }
}

}  // namespace

void hash(const uint8_t* pixels, int width, int height, int channels, Result* result) {
  const size_t count = static_cast<size_t>(width) * height;
  std::vector<float> one(count), two(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* p = pixels + i * channels;
    one[i] = channels == 1 ? p[0] : 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
  }
  const int across = (width + 127) / 128, down = (height + 127) / 128;
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (int y = 0; y < height; ++y)
      box(&one[static_cast<size_t>(y) * width], &two[static_cast<size_t>(y) * width], width, 1, across);
    for (int x = 0; x < width; ++x) box(&two[x], &one[x], height, width, down);
  }
  static float grid[64][64], matrix[16][64], t[16][64];
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 64; ++j)
      grid[i][j] =
          one[static_cast<size_t>((i + 0.5) * height / 64) * width + static_cast<size_t>((j + 0.5) * width / 64)];

  int gradient = 0;
  for (int i = 0; i < 63; ++i)
    for (int j = 0; j < 64; ++j) gradient += std::abs(static_cast<int>((grid[i][j] - grid[i + 1][j]) * 100 / 255));
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 63; ++j) gradient += std::abs(static_cast<int>((grid[i][j] - grid[i][j + 1]) * 100 / 255));
  result->quality = std::min(100, gradient / 90);

  const float scale = static_cast<float>(std::sqrt(2.0 / 64));
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 64; ++j)
      matrix[i][j] = static_cast<float>(scale * std::cos(3.14159265358979323846 / 2 / 64 * (i + 1) * (2 * j + 1)));
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 64; ++j) {
      float sum = 0;
      for (int k = 0; k < 64; ++k) sum += matrix[i][k] * grid[k][j];
      t[i][j] = sum;
    }
  float coefficients[256], sorted[256];
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) {
      float sum = 0;
      for (int k = 0; k < 64; ++k) sum += t[i][k] * matrix[j][k];
      coefficients[16 * i + j] = sorted[16 * i + j] = sum;
    }
  std::sort(sorted, sorted + 256);
  for (uint8_t& byte : result->hash) byte = 0;
  for (int k = 0; k < 256; ++k)
    if (coefficients[k] > sorted[127]) result->hash[31 - k / 8] |= static_cast<uint8_t>(1 << k % 8);
}

}  // namespace baseline
