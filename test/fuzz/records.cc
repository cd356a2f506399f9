// Local records. The first byte says what is repaired before the rest is read: the beginning, the count of points, the
// table, the checksum. Whatever the bytes: an answer or one of the four refusals, the same again; what is accepted has
// its points inside the image, and is written and read as the same points.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../../native/local/record.h"
#include "../../native/local/table.h"
#include "../../native/search/file/crc32c.h"

using namespace empreinte;

namespace {

void must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void put(uint8_t* to, uint32_t value, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

// As many bytes as there are, so that one more is found.
std::vector<uint8_t> repaired(uint8_t what, const uint8_t* data, size_t size) {
  std::vector<uint8_t> record(data, data + size);
  if (size < kRecordHeader) return record;
  if ((what & 1) != 0) {
    std::memcpy(record.data(), "EMLR", 4);
    record[4] = kRecordVersion;
  }
  if ((what & 2) != 0) {
    const uint32_t points = static_cast<uint32_t>((size - kRecordHeader) / kRecordPoint);
    put(record.data() + 6, points, 2);
    record.resize(record_size(points));
  }
  if ((what & 4) != 0) {
    record[5] = static_cast<uint8_t>(kLocalTable.id);
    put(record.data() + 8, kLocalTable.checksum, 4);
  }
  if ((what & 8) != 0) put(record.data() + 12, record[12] | 1u, 4), put(record.data() + 16, record[16] | 256u, 4);
  if ((what & 16) != 0) {
    put(record.data() + 20, 0, 4);
    put(record.data() + 20, crc32c(0, record.data(), record.size()), 4);
  }
  return record;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<uint8_t> record = repaired(data[0], data + 1, size - 1);
  emp_local_record_info info = {};
  const emp_status status = emp_local_record_check(record.data(), record.size(), &info);
  must(status == EMP_OK || status == EMP_BAD_RECORD || status == EMP_TRUNCATED_RECORD || status == EMP_NEWER_RECORD ||
           status == EMP_OTHER_TABLE,
       "another status");
  LocalPoints points, again;
  must(read_record(record.data(), record.size(), points) == status, "another status again");
  std::vector<uint8_t> descriptors(size_t{EMP_HASH_BYTES} * EMP_LOCAL_MOST_REGISTERED);
  must(emp_local_record_descriptors(record.data(), record.size(), descriptors.data()) == status, "a third status");
  if (status != EMP_OK) {
    must(points.count == 0, "points of a refused record");
    return 0;
  }
  must(info.points == points.count && record.size() == record_size(points.count), "another number of points");
  for (uint32_t i = 0; i < points.count; ++i) {
    const LocalPoint& p = points.points[i];
    must(p.x >= 0 && p.y >= 0 && p.x <= static_cast<float>(points.copy_width) &&
             p.y <= static_cast<float>(points.copy_height),
         "a point outside");
    must(p.sigma >= kLeastSigma && p.sigma <= 256 && p.angle >= 0 && p.angle < 6.2831854f, "a figure outside");
    must(std::memcmp(p.descriptor, descriptors.data() + size_t{EMP_HASH_BYTES} * i, EMP_HASH_BYTES) == 0,
         "another descriptor");
  }
  std::vector<uint8_t> written(record.size());
  write_record(points, written.data());
  must(written == record, "another record is written");
  return 0;
}
