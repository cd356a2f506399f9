#include "record.h"

#include <algorithm>

#include "../search/file/crc32c.h"
#include "extract/numbers.h"
#include "table.h"

namespace empreinte {
namespace {

constexpr uint8_t kMagic[4] = {'E', 'M', 'L', 'R'};
constexpr size_t kChecksumAt = 20;
constexpr double kTurn = 6.28318530717958647692;

void put(uint8_t* to, uint32_t value, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t get(const uint8_t* from, uint32_t bytes) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < bytes; ++i) value |= uint32_t{from[i]} << (8 * i);
  return value;
}

uint32_t checksum_of(const uint8_t* record, size_t size) {
  constexpr uint8_t kNone[4] = {};
  const uint32_t before = crc32c(crc32c(0, record, kChecksumAt), kNone, 4);
  return crc32c(before, record + kChecksumAt + 4, size - kChecksumAt - 4);
}

struct Sigmas {
  float of[256];
};
inline constexpr Sigmas kSigmas = [] {
  Sigmas s = {};
  for (uint32_t i = 0; i < 256; ++i) s.of[i] = static_cast<float>(kLeastSigma * power_of_two(i / 28.0));
  return s;
}();

// The byte whose sigma is nearest.
uint8_t byte_of(float sigma) {
  uint32_t i = 0;
  while (i < 255 && kSigmas.of[i] * kSigmas.of[i + 1] < sigma * sigma) ++i;
  return static_cast<uint8_t>(i);
}

uint32_t share_of(float place, uint32_t side) {
  const float share = place / static_cast<float>(side) * 65536;
  return static_cast<uint32_t>(std::clamp(share, 0.0f, 65535.0f));
}

float place_of(uint32_t share, uint32_t side) {
  return (static_cast<float>(share) + 0.5f) / 65536 * static_cast<float>(side);
}

bool is_side(uint32_t side) { return side >= 1 && side <= 1u << 24; }

}  // namespace

float sigma_of(uint8_t byte) { return kSigmas.of[byte]; }

void write_record(const LocalPoints& p, uint8_t* out) {
  std::memcpy(out, kMagic, sizeof(kMagic));
  out[4] = kRecordVersion;
  out[5] = static_cast<uint8_t>(kLocalTable.id);
  put(out + 6, p.count, 2);
  put(out + 8, kLocalTable.checksum, 4);
  put(out + 12, p.width, 4);
  put(out + 16, p.height, 4);
  for (uint32_t i = 0; i < p.count; ++i) {
    const LocalPoint& point = p.points[i];
    uint8_t* to = out + kRecordHeader + kRecordPoint * i;
    put(to, share_of(point.x, p.copy_width), 2);
    put(to + 2, share_of(point.y, p.copy_height), 2);
    to[4] = byte_of(point.sigma);
    to[5] = static_cast<uint8_t>(static_cast<uint32_t>(point.angle / kTurn * 256 + 0.5));
    std::memcpy(to + 6, point.descriptor, EMP_HASH_BYTES);
  }
  put(out + kChecksumAt, checksum_of(out, record_size(p.count)), 4);
}

emp_status read_record(const uint8_t* bytes, size_t size, LocalPoints& out) {
  out = LocalPoints();
  if (size > 0 && std::memcmp(bytes, kMagic, std::min(size, sizeof(kMagic))) != 0) return EMP_BAD_RECORD;
  if (size < kRecordHeader) return EMP_TRUNCATED_RECORD;
  if (bytes[4] != kRecordVersion) return bytes[4] > kRecordVersion ? EMP_NEWER_RECORD : EMP_BAD_RECORD;
  const uint32_t count = get(bytes + 6, 2), width = get(bytes + 12, 4), height = get(bytes + 16, 4);
  if (count > kMostRegistered) return EMP_BAD_RECORD;
  if (size < record_size(count)) return EMP_TRUNCATED_RECORD;
  if (size > record_size(count) || !is_side(width) || !is_side(height)) return EMP_BAD_RECORD;
  if (get(bytes + kChecksumAt, 4) != checksum_of(bytes, size)) return EMP_BAD_RECORD;
  if (bytes[5] != kLocalTable.id || get(bytes + 8, 4) != kLocalTable.checksum) return EMP_OTHER_TABLE;
  const LocalCopySize copy = registered_copy_size(width, height);
  const float widest = static_cast<float>(std::max(copy.width, copy.height)) / 2;
  Array<LocalPoint> points(count);
  if (!points) return EMP_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t* from = bytes + kRecordHeader + kRecordPoint * i;
    LocalPoint& point = points[i];
    point.x = place_of(get(from, 2), copy.width);
    point.y = place_of(get(from + 2, 2), copy.height);
    point.sigma = kSigmas.of[from[4]];
    point.angle = static_cast<float>(from[5] / 256.0 * kTurn);
    if (point.sigma > widest) return EMP_BAD_RECORD;
    std::memcpy(point.descriptor, from + 6, EMP_HASH_BYTES);
  }
  out.width = width, out.height = height;
  out.copy_width = copy.width, out.copy_height = copy.height;
  out.count = count;
  out.points = static_cast<Array<LocalPoint>&&>(points);
  return EMP_OK;
}

}  // namespace empreinte
