// Scores how synthetic an image looks. Cards, countdowns and test patterns are areas of one brightness with edges
// between them, so nearly all change is in a few places. A camera image changes nearly everywhere. The score is the
// share of the change between neighbouring cells of a 64×64 grid that is in the tenth of them with the most change.
// Cells are means, so that neither noise nor coding counts. All arithmetic is in whole numbers, the same on every
// processor. Films and photographs measured 23 to 50 (a bird in a clear sky 75), leaders 57 to 100, also with noise or
// at crf 38 and half size.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "../empreinte.h"

namespace {

constexpr uint32_t kCells = 64, kSamples = 4;  // cells along a side of the image; samples along a side of a cell
constexpr uint32_t kSteps = 255 * kSamples * kSamples;
constexpr uint32_t kTenth = 10;

// Sums a cell's samples, which are spread evenly over it.
void read_cells(const emp_pixels& pixels, uint16_t* sums) {
  constexpr uint32_t kPoints = kCells * kSamples;
  const uint32_t channel = pixels.channels >= 3 ? 1 : 0;  // green is most of luma
  uint32_t columns[kCells * kSamples];
  for (uint64_t x = 0; x < kPoints; ++x)
    columns[x] = static_cast<uint32_t>(((2 * x + 1) * pixels.width / (2 * kPoints)) * pixels.channels + channel);
  std::memset(sums, 0, sizeof(uint16_t) * kCells * kCells);
  for (uint64_t y = 0; y < kPoints; ++y) {
    const uint8_t* row = pixels.data + ((2 * y + 1) * pixels.height / (2 * kPoints)) * pixels.stride;
    uint16_t* of_row = sums + y / kSamples * kCells;
    for (uint32_t x = 0; x < kCells; ++x) {
      const uint32_t* at = columns + kSamples * x;
      uint32_t sum = of_row[x];
      for (uint32_t k = 0; k < kSamples; ++k) sum += row[at[k]];
      of_row[x] = static_cast<uint16_t>(sum);
    }
  }
}

}  // namespace

emp_status emp_synthetic_score(const emp_pixels* pixels, uint32_t* percent) {
  *percent = 0;
  const emp_status status = emp_pixels_check(pixels);
  if (status != EMP_OK) return status;
  if (std::min(pixels->width, pixels->height) < kCells) return EMP_OK;
  uint16_t sums[kCells * kCells];
  uint32_t counts[kSteps + 1] = {};
  read_cells(*pixels, sums);
  uint64_t all = 0;
  for (uint32_t y = 0; y + 1 < kCells; ++y)
    for (uint32_t x = 0; x + 1 < kCells; ++x) {
      const int here = sums[y * kCells + x];
      const int change =
          std::max(std::abs(here - sums[y * kCells + x + 1]), std::abs(here - sums[(y + 1) * kCells + x]));
      ++counts[change];
      all += static_cast<uint64_t>(change);
    }
  if (all == 0) {
    *percent = 100;
    return EMP_OK;
  }
  uint64_t greatest = 0, left = (kCells - 1) * (kCells - 1) / kTenth;
  for (uint32_t change = kSteps; change > 0 && left > 0; --change) {
    const uint64_t take = std::min<uint64_t>(left, counts[change]);
    greatest += take * change;
    left -= take;
  }
  *percent = static_cast<uint32_t>((100 * greatest + all / 2) / all);
  return EMP_OK;
}
