// The bytes of a local record: what is registered of an original, and stored.
//
// All numbers are little-endian.
//
//   at  bytes
//    0      4  "EMLR"
//    4      1  version, 1
//    5      1  table: the id of the local table that made the descriptors
//    6      2  n, the number of points, 0 … kMostRegistered
//    8      4  CRC-32C of the table
//   12      4  width of the original in pixels, 1 … 2^24
//   16      4  height
//   20      4  CRC-32C of the whole record, these four bytes taken as zero
//   24   38·n  points
//
// A point is x and y (two bytes each: 65,536ths of the copy's side, of which the middle is meant), sigma (one byte:
// sigma_of), angle (one byte: 256ths of a turn, the middle being the number itself), and 32 bytes of descriptor.
//
// A record can be turned back into a rough image. Keep it like the image.
#pragma once
#include "point.h"

namespace empreinte {

constexpr size_t kRecordHeader = 24, kRecordPoint = 38;
constexpr uint8_t kRecordVersion = 1;

inline size_t record_size(uint32_t points) { return kRecordHeader + kRecordPoint * points; }

// Sigma in pixels of the registered copy for a record's byte: kLeastSigma · 2^(byte/28).
float sigma_of(uint8_t byte);

// Writes record_size(points.count) bytes. `points` are of registered_points.
void write_record(const LocalPoints& points, uint8_t* out);

// Reads a record and checks all of it. Returns
//   EMP_BAD_RECORD        the bytes are no record, or damaged: other bytes at the beginning, a count that does not fit
//                         the size, sides or points out of their range, or another checksum
//   EMP_TRUNCATED_RECORD  the bytes end before the record does
//   EMP_NEWER_RECORD      the record has a later version than this code
//   EMP_OTHER_TABLE       another table made the descriptors: register the original anew
//   EMP_OUT_OF_MEMORY
// and leaves `out` empty on failure. With EMP_OK, 1 ≤ sides ≤ 2^24, count ≤ kMostRegistered, places are inside the copy
// of registered_copy_size, sigmas are between kLeastSigma and half the longer side of that copy.
emp_status read_record(const uint8_t* bytes, size_t size, LocalPoints& out);

}  // namespace empreinte
