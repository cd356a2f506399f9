// Damaged index files. A file whose header and records hold is opened whatever its body is; nothing that is done with
// it then reads outside it, which the sanitizers see, and verifying tells that it is damaged.
//
//   damaged <seed> <files>
#include "exercise.h"

namespace {

int checks = 0, failures = 0;
void expect(bool good, const char* what) {
  ++checks;
  if (good) return;
  ++failures;
  std::printf("FAIL %s\n", what);
}

constexpr size_t kHeader = 64, kPage = 4096, kBlock = 131'072;

struct Made {
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> ids;
  std::vector<Hash> hashes;
  size_t sections;  // where what follows the blocks of the first part begins
};

// `wide`: ids that need eight bytes. Large enough for tables with 33,000 rows.
Made made(Random* random, size_t rows, uint32_t tables, bool wide) {
  Made file;
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < rows; ++i) {
    file.ids.push_back(i + 1 + (wide && i > rows / 2 ? uint64_t{1} << 40 : 0));
    file.hashes.push_back(i % 4 == 0 && i > 0 ? random->near(file.hashes[0], i % 32) : random->hash());
    bytes.insert(bytes.end(), file.hashes[i].begin(), file.hashes[i].end());
  }
  const std::vector<uint8_t> tags(rows, 3);
  emp_index* index;
  if (emp_index_create(tables, &index) != EMP_OK) std::abort();
  if (emp_index_add(index, file.ids.data(), bytes.data(), tags.data(), rows) != EMP_OK) std::abort();
  if (maintain_all(index) != EMP_OK) std::abort();
  emp_snapshot* snapshot;
  if (emp_index_snapshot(index, &snapshot) != EMP_OK || save_bytes(snapshot, &file.bytes) != EMP_OK) std::abort();
  emp_snapshot_release(snapshot);
  emp_index_destroy(index);
  file.sections = kPage + (rows + 4095) / 4096 * kBlock;
  return file;
}

void use(const std::vector<uint8_t>& bytes, const Made& file, Random* random, bool damaged) {
  emp_index* index;
  emp_status status = open_bytes(bytes, &index);
  expect(status == EMP_OK, "a file whose header holds is opened");
  if (status != EMP_OK) return;
  expect((emp_index_verify(index, nullptr) == EMP_OK) == !damaged, "verifying tells whether it is damaged");
  search_all_strategies(index, {file.hashes[0], file.hashes.back(), random->hash()});
  std::vector<uint64_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(file.ids[random->below(file.ids.size())]);
  ids.push_back(file.ids.back() + 5);
  change_and_save(index, ids, random->hash());
  search_all_strategies(index, {file.hashes[0], random->hash()});
  emp_index_destroy(index);
}

void damage(const Made& file, Random* random) {
  std::vector<uint8_t> bytes = file.bytes;
  const size_t from = random->one_in(2) ? file.sections : kPage, length = bytes.size() - from;
  switch (random->below(4)) {
    case 0:  // one bit
      bytes[from + random->below(length)] ^= static_cast<uint8_t>(1u << random->below(8));
      break;
    case 1: {  // a stretch of ones
      const size_t at = random->below(length), most = std::min<size_t>(length - at, 300'000);
      for (size_t i = 0, n = 1 + random->below(most); i < n; ++i) bytes[from + at + i] = 0xff;
      break;
    }
    case 2: {  // a stretch of noise
      const size_t at = random->below(length), most = std::min<size_t>(length - at, 5'000);
      for (size_t i = 0, n = 1 + random->below(most); i < n; ++i)
        bytes[from + at + i] = static_cast<uint8_t>((*random)());
      break;
    }
    default:  // one number turned into another, often a large one
      for (size_t i = 0, at = from + random->below(length / 4) * 4; i < 4; ++i)
        bytes[at + i] = random->one_in(2) ? 0xff : static_cast<uint8_t>((*random)());
  }
  use(bytes, file, random, bytes != file.bytes);
}

// Every id the largest number: as a merge of parts looks for the smallest, none of them is.
void largest_ids(const Made& file, Random* random) {
  std::vector<uint8_t> bytes = file.bytes;
  std::fill(bytes.begin() + static_cast<ptrdiff_t>(file.sections),
            bytes.begin() + static_cast<ptrdiff_t>(file.sections + 8 * file.ids.size()), uint8_t{0xff});
  use(bytes, file, random, true);
}

// Cut anywhere, or with another header, it is refused.
void refused(const Made& file, Random* random) {
  for (size_t i = 0; i < 300; ++i) {
    const size_t length = i < 130 ? i : random->below(file.bytes.size());
    emp_index* index;
    const auto end = file.bytes.begin() + static_cast<ptrdiff_t>(length);
    expect(open_bytes({file.bytes.begin(), end}, &index) != EMP_OK && index == nullptr, "a cut file");
  }
  for (size_t bit = 0; bit < 8 * (kHeader + 64); ++bit) {
    std::vector<uint8_t> bytes = file.bytes;
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    emp_index* index;
    expect(open_bytes(bytes, &index) != EMP_OK && index == nullptr, "a bit of the header or the record flipped");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Random random(std::strtoull(argv[1], nullptr, 10));
  const int files = std::atoi(argv[2]);
  const Made small = made(&random, 50, 16, true), narrow = made(&random, 5'000, 16, false);
  const Made full = made(&random, 33'000, 16, false), lean = made(&random, 33'000, 8, true);
  const Made of_long_chunks = made(&random, 33'000, 13, false);
  refused(small, &random);
  for (const Made* file : {&small, &lean}) largest_ids(*file, &random);
  for (const Made* file : {&small, &narrow, &full, &lean}) {
    use(file->bytes, *file, &random, false);
    for (int i = 0; i < files; ++i) damage(*file, &random);
  }
  // 54 MB, most of them where buckets begin.
  use(of_long_chunks.bytes, of_long_chunks, &random, false);
  for (int i = 0; i < files / 8; ++i) damage(of_long_chunks, &random);
  std::printf("%d checks of damaged files, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
