// Index files. The first byte chooses: below 64, the rest is the file as it is; else a valid file, with or without
// tables. The second says which calls are made and whether its checksums are made right again, so that what is behind
// them is reached; the third, what else is done with it; the rest, what is done to it: bytes set, bits flipped, a
// stretch filled, an end cut off. Whatever it is, nothing done with it reads outside it, and every call answers with
// success or that it is damaged.
//
// Everything with every input would take a tenth of a second where there are tables, so one does a part of it.
#include <algorithm>

#include "../../native/search/file/file_format.h"
#include "../native/exercise.h"

namespace {

constexpr size_t kHeader = 64, kRecord = 64;

void must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// An index that has tables keeps them in a file when most of its rows are removed: so a few rows with tables.
std::vector<uint8_t> made(uint32_t tables, size_t rows, size_t kept, bool wide) {
  Random random(7);
  std::vector<uint64_t> ids;
  std::vector<uint8_t> hashes, tags;
  for (size_t i = 0; i < rows; ++i) {
    ids.push_back(i + (wide && i > kept / 2 ? uint64_t{1} << 33 : 0));
    const Hash hash = random.near(Random(i % 5).hash(), random.below(40));
    hashes.insert(hashes.end(), hash.begin(), hash.end());
    tags.push_back(static_cast<uint8_t>(i));
  }
  emp_index* index;
  must(emp_index_create(tables, &index) == EMP_OK, "no index");
  must(emp_index_add(index, ids.data(), hashes.data(), wide ? tags.data() : nullptr, rows) == EMP_OK, "not added");
  must(maintain_all(index) == EMP_OK, "not joined");
  must(emp_index_remove(index, ids.data() + kept, rows - kept) == EMP_OK, "not removed");
  emp_snapshot* snapshot;
  std::vector<uint8_t> bytes;
  must(emp_index_snapshot(index, &snapshot) == EMP_OK && save_bytes(snapshot, &bytes) == EMP_OK, "not saved");
  emp_snapshot_release(snapshot);
  emp_index_destroy(index);
  return bytes;
}

// A valid file of exactly its size, changed in place and put in order again: it has megabytes, the changes few bytes.
class Subject {
 public:
  explicit Subject(std::vector<uint8_t> bytes) : valid_(std::move(bytes)), memory_(valid_), size_(valid_.size()) {}
  size_t size() const { return size_; }
  const uint8_t* data() const { return memory_.data(); }
  // The bytes [at, at + n), to be changed.
  uint8_t* change(size_t at, size_t n) {
    changed_.emplace_back(at, n);
    return const_cast<uint8_t*>(memory_.data()) + at;
  }
  void put(size_t at, uint32_t value) { std::memcpy(change(at, 4), &value, 4); }
  void cut(size_t size) { size_ = size; }
  void restore() {
    for (const auto& [at, n] : changed_) std::memcpy(const_cast<uint8_t*>(data()) + at, valid_.data() + at, n);
    changed_.clear();
    size_ = valid_.size();
  }
  emp_status open(emp_index** out) const {
    // Cut, it needs memory that ends where it does.
    if (size_ < valid_.size()) return open_bytes({data(), data() + size_}, out);
    const emp_file file = {data(), size_, [](void*) {}, nullptr, nullptr};
    return emp_index_open(&file, out);
  }

 private:
  const std::vector<uint8_t> valid_;
  const FileInMemory memory_;
  size_t size_;
  std::vector<std::pair<size_t, size_t>> changed_;
};

uint64_t number(const Subject& file, size_t at, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, file.data() + at, size);
  return value;
}

void correct_checksums(Subject* file, bool of_data) {
  if (file->size() < kHeader) return;
  const uint64_t shards = number(*file, 32, 4);
  if (shards > (file->size() - kHeader) / kRecord) return;
  for (size_t i = 0; of_data && i < shards; ++i) {
    const size_t record = kHeader + i * kRecord;
    const uint64_t at = number(*file, record, 8), size = number(*file, record + 8, 8);
    if (at > file->size() || size > file->size() - at) continue;
    uint32_t crc;
    empreinte::crc_of(file->data() + at, size, nullptr, &crc);
    file->put(record + 36, crc);
  }
  const uint32_t crc = empreinte::crc32c(0, file->data(), 60);
  file->put(60, empreinte::crc32c(crc, file->data() + kHeader, shards * kRecord));
}

// Changes of seven bytes: where (four; a header's byte, a record's or any), what, a value, how much.
void change(Subject* file, const uint8_t* data, size_t size) {
  for (; size >= 7 && file->size() > 0; data += 7, size -= 7) {
    uint32_t where;
    std::memcpy(&where, data, 4);
    const size_t most = data[4] & 1 ? std::min<size_t>(file->size(), kHeader + 2 * kRecord) : file->size();
    const size_t at = where % most, length = std::min<size_t>(file->size() - at, size_t{1} << data[6] % 18);
    switch (data[4] >> 1 & 3) {
      case 0:
        *file->change(at, 1) = data[5];
        break;
      case 1:
        *file->change(at, 1) ^= static_cast<uint8_t>(1u << data[5] % 8);
        break;
      case 2:
        std::fill_n(file->change(at, length), length, data[5]);
        break;
      default:
        if (data[5] < 8) file->cut(at);
    }
  }
}

// What is done with a file that opens.
struct Plan {
  int strategy = 0;
  uint32_t radius = 31;
  bool all_strategies = true, verify = true, change = true;
};

void use(emp_index* index, size_t size, const Plan& plan) {
  const Hash query = Random(3).hash();
  const auto ask = [&](const std::vector<Hash>& queries) {
    if (plan.all_strategies)
      search_all_strategies(index, queries);
    else
      search_one_strategy(index, queries, plan.strategy, plan.radius);
  };
  ask({query, Random(99).hash()});
  if (plan.verify) {
    const bool good = emp_index_verify(index, nullptr) == EMP_OK;
    must(good || emp_index_verify(index, nullptr) == EMP_CORRUPT_FILE, "another error than that it is damaged");
  }
  emp_index_stats stats;
  emp_index_get_stats(index, &stats);
  must(stats.mapped <= size, "more in use than the file has");
  if (plan.change) {
    change_and_save(index, {0, 5, uint64_t{1} << 33, 77}, query);
    ask({query});
  }
  emp_index_destroy(index);
}

void open_and_use(emp_status status, emp_index* index, size_t size, const Plan& plan) {
  must((status == EMP_OK) == (index != nullptr), "an index without success");
  if (status == EMP_OK) use(index, size, plan);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  emp_index* index = nullptr;
  if (data[0] < 64) {
    const emp_status status = open_bytes({data + 1, data + size}, &index);
    open_and_use(status, index, size - 1, {});
    return 0;
  }
  static Subject files[] = {
      Subject(made(16, 16, 16, false)),         Subject(made(16, 16, 16, true)),
      Subject(made(16, 33'000, 300, false)),    Subject(made(8, 33'000, 300, true)),
      Subject(made(16, 33'000, 33'000, false)), Subject(made(8, 33'000, 33'000, true)),
      Subject(made(13, 33'000, 300, true)),
  };
  // The last three seldom: only what joining makes of the pair needs so many rows, and the tables of long chunks take
  // 54 MB whatever is in them.
  Subject& file = data[0] == 253 ? files[6] : files[data[0] % 2 + (data[0] >= 254 ? 4 : data[0] >= 160 ? 2 : 0)];
  change(&file, data + 3, size - 3);
  if ((data[1] & 1) != 0) correct_checksums(&file, (data[1] & 2) != 0);
  const uint32_t ask = data[1] >> 2;
  const bool small = data[0] < 160;
  // Not by luck: inputs that do more reach more, and would be taken again and again.
  const Plan plan = {static_cast<int>(ask % 5), kSearchRadii[ask / 5 % 5], small && data[2] % 4 == 0,
                     small || data[2] % 8 == 0, small || data[2] % 8 == 1};
  const emp_status status = file.open(&index);
  open_and_use(status, index, file.size(), plan);
  file.restore();
  return 0;
}
