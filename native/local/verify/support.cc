#include "support.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "../../empreinte.h"
#include "distinct.h"

namespace empreinte::local {
namespace {

constexpr double kSigmas = 1.2, kUnits = 2;
constexpr double kMostRatio = 1.5157165665103982;  // 2^0.6, which agrees() allows between the sizes
constexpr double kLeastSigma = 1.2;                // a smaller point is not found, in 1,024ths of the longer side
constexpr uint32_t kMostBits = 72;

uint32_t differing_bits(const uint8_t* a, const uint8_t* b) {
  uint32_t bits = 0;
  for (size_t i = 0; i < EMP_HASH_BYTES; i += sizeof(uint64_t)) {
    uint64_t x, y;
    std::memcpy(&x, a + i, sizeof x);
    std::memcpy(&y, b + i, sizeof y);
    bits += static_cast<uint32_t>(std::popcount(x ^ y));
  }
  return bits;
}

}  // namespace

void find_support(const Scene& query, const ByX& by_x, const Scene& known, const Map& map, Support* out) {
  out->pairs.clear();
  out->seen = 0;
  const double least = kLeastSigma * std::max(query.width, query.height) / 1024;
  const uint32_t *begin = by_x.order, *end = begin + query.count;
  for (uint32_t i = 0; i < known.count; ++i) {
    const Spot& spot = known.spots[i];
    const MapPlace place = map.at(spot.x, spot.y);
    if (!(place.x >= 0 && place.y >= 0 && place.x < query.width && place.y < query.height)) continue;
    const double sigma = std::sqrt(std::abs(map.jacobian(spot.x, spot.y).determinant())) * spot.sigma;
    if (!(sigma >= least)) continue;
    ++out->seen;
    const double farthest = kSigmas * kMostRatio * sigma + kUnits;
    Pair nearest = {0, i, kMostBits + 1};
    const uint32_t* at =
        std::partition_point(begin, end, [&](uint32_t k) { return query.spots[k].x < place.x - farthest; });
    for (; at != end && query.spots[*at].x <= place.x + farthest; ++at) {
      const Spot& image = query.spots[*at];
      if (!agrees(map, spot, image, kSigmas * image.sigma + kUnits)) continue;
      const uint32_t bits =
          differing_bits(query.bits + EMP_HASH_BYTES * size_t{*at}, known.bits + EMP_HASH_BYTES * size_t{i});
      if (bits < nearest.distance || (bits == nearest.distance && *at < nearest.query))
        nearest.query = *at, nearest.distance = bits;
    }
    if (nearest.distance <= kMostBits) out->pairs.add(nearest);
  }
  keep_distinct(query, known, &out->pairs);
}

}  // namespace empreinte::local
