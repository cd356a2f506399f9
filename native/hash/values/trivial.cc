// Hashes that would match unrelated images. A PDQ hash is cut at its own median, so an ordinary one has 128 bits set or
// just under. The patterns here come from constant images, placeholders and broken exports.
#include <cstring>

#include "../../empreinte.h"

namespace {

constexpr uint8_t kZero[EMP_HASH_BYTES] = {};
constexpr uint32_t kFewest = 64, kMost = 192;

}  // namespace

emp_trivial emp_hash_trivial(const uint8_t hash[EMP_HASH_BYTES]) {
  const uint32_t set = emp_hash_distance(hash, kZero);
  if (set == 0) return EMP_TRIVIAL_ALL_ZERO;
  if (set == 8 * EMP_HASH_BYTES) return EMP_TRIVIAL_ALL_ONE;
  // A repeated pattern of 1 or 2 bytes is also one of 4 bytes.
  if (std::memcmp(hash, hash + 4, EMP_HASH_BYTES - 4) == 0) return EMP_TRIVIAL_PERIODIC;
  if (set < kFewest || set > kMost) return EMP_TRIVIAL_UNBALANCED;
  return EMP_TRIVIAL_NONE;
}

const char* emp_trivial_message(emp_trivial reason) {
  switch (reason) {
    case EMP_TRIVIAL_NONE:
      return "an ordinary hash";
    case EMP_TRIVIAL_ALL_ZERO:
      return "all bits are zero: such a hash would match unrelated images";
    case EMP_TRIVIAL_ALL_ONE:
      return "all bits are one: such a hash would match unrelated images";
    case EMP_TRIVIAL_UNBALANCED:
      return "fewer than 64 or more than 192 bits are set: such a hash would match unrelated images";
    case EMP_TRIVIAL_PERIODIC:
      return "one short pattern repeats throughout: such a hash would match unrelated images";
  }
  return "unknown";
}
