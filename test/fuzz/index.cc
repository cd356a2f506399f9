// Index files. The first byte chooses: below 64, the rest is the file as it is; else a valid file is made, with or
// without tables, and the rest says what is done to it: bytes set, bits flipped, a stretch filled, an end cut off, and
// whether the checksums are made right again, so that what lies behind them is reached. Whatever it is, nothing done
// with it reads outside it, and every call answers with success or that it is damaged.
#include <algorithm>

#include "../../native/search/crc32c.h"
#include "../native/exercise.h"

namespace {

constexpr size_t kHeader = 64, kRecord = 64;

void must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// Small, as each costs time to make and to check: 16 hashes, or 33,000 so that there are tables.
std::vector<uint8_t> made(uint32_t tables, size_t rows, bool wide) {
  Random random(7);
  std::vector<uint64_t> ids;
  std::vector<uint8_t> hashes, banks;
  for (size_t i = 0; i < rows; ++i) {
    ids.push_back(i + (wide && i > rows / 2 ? uint64_t{1} << 33 : 0));
    const Hash hash = random.near(Random(i % 5).hash(), random.below(40));
    hashes.insert(hashes.end(), hash.begin(), hash.end());
    banks.push_back(static_cast<uint8_t>(i));
  }
  emp_index* index;
  must(emp_index_create(tables, &index) == EMP_OK, "no index");
  must(emp_index_add(index, ids.data(), hashes.data(), wide ? banks.data() : nullptr, rows) == EMP_OK, "not added");
  must(maintain_all(index) == EMP_OK, "not joined");
  emp_snapshot* snapshot;
  std::vector<uint8_t> bytes;
  must(emp_index_snapshot(index, &snapshot) == EMP_OK && save_bytes(snapshot, &bytes) == EMP_OK, "not saved");
  emp_snapshot_release(snapshot);
  emp_index_destroy(index);
  return bytes;
}

uint64_t number(const std::vector<uint8_t>& bytes, size_t at, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, size);
  return value;
}
void put(std::vector<uint8_t>* bytes, size_t at, uint32_t value) { std::memcpy(bytes->data() + at, &value, 4); }

void correct_checksums(std::vector<uint8_t>* bytes, bool of_data) {
  if (bytes->size() < kHeader) return;
  const uint64_t parts = number(*bytes, 32, 4);
  if (parts > (bytes->size() - kHeader) / kRecord) return;
  for (size_t i = 0; of_data && i < parts; ++i) {
    const size_t record = kHeader + i * kRecord;
    const uint64_t at = number(*bytes, record, 8), size = number(*bytes, record + 8, 8);
    if (at > bytes->size() || size > bytes->size() - at) continue;
    put(bytes, record + 36, empreinte::crc32c(0, bytes->data() + at, size));
  }
  put(bytes, 60, empreinte::crc32c(empreinte::crc32c(0, bytes->data(), 60), bytes->data() + kHeader, parts * kRecord));
}

// Changes of seven bytes: where (four; a header's byte, a record's or any), what, a value, how much.
void change(std::vector<uint8_t>* bytes, const uint8_t* data, size_t size) {
  for (; size >= 7 && !bytes->empty(); data += 7, size -= 7) {
    uint32_t where;
    std::memcpy(&where, data, 4);
    const size_t most = data[4] & 1 ? std::min<size_t>(bytes->size(), kHeader + 2 * kRecord) : bytes->size();
    const size_t at = where % most, length = std::min<size_t>(bytes->size() - at, size_t{1} << data[6] % 18);
    switch (data[4] >> 1 & 3) {
      case 0:
        (*bytes)[at] = data[5];
        break;
      case 1:
        (*bytes)[at] ^= static_cast<uint8_t>(1u << data[5] % 8);
        break;
      case 2:
        std::fill_n(bytes->begin() + static_cast<ptrdiff_t>(at), length, data[5]);
        break;
      default:
        if (data[5] < 8) bytes->resize(at);
    }
  }
}

void use(const std::vector<uint8_t>& bytes) {
  emp_index* index = nullptr;
  const emp_status status = open_bytes(bytes, &index);
  must((status == EMP_OK) == (index != nullptr), "an index without success");
  if (status != EMP_OK) return;
  const Hash query = Random(3).hash();
  search_all_ways(index, {query, Random(99).hash()});
  const bool good = emp_index_verify(index, nullptr) == EMP_OK;
  must(good || emp_index_verify(index, nullptr) == EMP_CORRUPT_FILE, "another error than that it is damaged");
  emp_index_stats stats;
  emp_index_get_stats(index, &stats);
  must(stats.mapped <= bytes.size(), "more in use than the file has");
  change_and_save(index, {0, 5, uint64_t{1} << 33, 77}, query);
  search_all_ways(index, {query});
  emp_index_destroy(index);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  if (data[0] < 64) {
    use({data + 1, data + size});
    return 0;
  }
  static const std::vector<uint8_t> files[] = {made(16, 16, false), made(16, 16, true), made(16, 33'000, false),
                                               made(8, 33'000, true)};
  // The large ones seldom: an input of theirs takes a hundred times as long.
  std::vector<uint8_t> bytes = files[data[0] >= 250 ? 2 + data[0] % 2 : data[0] % 2];
  change(&bytes, data + 2, size - 2);
  if ((data[1] & 1) != 0) correct_checksums(&bytes, (data[1] & 2) != 0);
  use(bytes);
  return 0;
}
