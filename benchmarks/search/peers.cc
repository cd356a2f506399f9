// peers ROWS QUERIES: answers one line of JSON a command, so that a peer's slices alternate with the engine's in one
// run. What is measured is CPU time of this thread, in microseconds.
//
//   read                               one streaming read of the rows, the limit of any scan
//   brute RADIUS FROM COUNT FILE       every match by one loop over the rows: (query, row, distance) as uint32 into
//   FILE faiss flat|hash B H F RADIUS FROM COUNT BATCH   range search; B×H-bit tables, F flipped bits (flat: 0 0 0)
//   nearest FROM COUNT                 FAISS Flat, k = 1, every second query
//   free B H                           gives the memory of such tables back
#include <sys/mman.h>
#include <time.h>

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#ifdef WITH_FAISS
#include <faiss/IndexBinaryFlat.h>
#include <faiss/IndexBinaryHash.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <malloc.h>
#include <omp.h>
#endif

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

// In huge pages where the system gives them.
struct Rows {
  const uint64_t* data = nullptr;
  size_t count = 0;
  explicit Rows(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (file == nullptr) std::exit(3);
    std::fseek(file, 0, SEEK_END);
    count = static_cast<size_t>(std::ftell(file)) / 32;
    std::rewind(file);
    const size_t page = size_t{1} << 21, size = (32 * count + page - 1) / page * page;
    void* memory = std::aligned_alloc(page, size);
    if (memory == nullptr) std::exit(3);
    madvise(memory, size, MADV_HUGEPAGE);
    if (std::fread(memory, 32, count, file) != count) std::exit(3);
    std::fclose(file);
    data = static_cast<const uint64_t*>(memory);
  }
  const uint8_t* bytes(size_t i) const { return reinterpret_cast<const uint8_t*>(data + 4 * i); }
};

void read_all(const Rows& rows) {
  // The first turn only warms up.
  double start = 0, spent = 0;
  int turns = -1;
  while (spent < 100'000 || turns < 2) {
    ++turns;
    uint64_t sum[32] = {};
    for (size_t i = 0; i + 32 <= 4 * rows.count; i += 32) {
      __builtin_prefetch(rows.data + i + 512);
      __builtin_prefetch(rows.data + i + 520);
      __builtin_prefetch(rows.data + i + 528);
      __builtin_prefetch(rows.data + i + 536);
      for (size_t k = 0; k < 32; ++k) sum[k] += rows.data[i + k];
    }
    for (const uint64_t s : sum) asm volatile("" : : "r"(s));
    if (turns == 0) start = now();
    spent = now() - start;
  }
  std::printf("{\"us\":%.3f}\n", spent / turns);
}

void brute(const Rows& rows, const Rows& queries, uint32_t radius, size_t from, size_t count, const char* path) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) std::exit(3);
  uint64_t found = 0;
  const double start = now();
  for (size_t q = from; q < from + count; ++q) {
    const uint64_t* a = queries.data + 4 * q;
    for (size_t i = 0; i < rows.count; ++i) {
      const uint64_t* b = rows.data + 4 * i;
      int distance = 0;
      for (size_t k = 0; k < 4; ++k) distance += std::popcount(a[k] ^ b[k]);
      if (distance > static_cast<int>(radius)) continue;
      const uint32_t hit[3] = {static_cast<uint32_t>(q - from), static_cast<uint32_t>(i),
                               static_cast<uint32_t>(distance)};
      std::fwrite(hit, sizeof(hit), 1, file);
      ++found;
    }
  }
  const double us = (now() - start) / static_cast<double>(count);
  std::fclose(file);
  std::printf("{\"us\":%.3f,\"found\":%llu}\n", us, static_cast<unsigned long long>(found));
}

#ifdef WITH_FAISS
struct Built {
  std::unique_ptr<faiss::IndexBinary> index;
  double seconds = 0, bytes = 0;
};

Built& built(std::map<std::string, Built>* all, const Rows& rows, int tables, int bits) {
  Built& b = (*all)[std::to_string(tables) + "x" + std::to_string(bits)];
  if (b.index) return b;
  const struct mallinfo2 before = mallinfo2();
  const double start = now();
  if (tables == 0)
    b.index = std::make_unique<faiss::IndexBinaryFlat>(256);
  else
    b.index = std::make_unique<faiss::IndexBinaryMultiHash>(256, tables, bits);
  b.index->add(static_cast<faiss::IndexBinary::idx_t>(rows.count), rows.bytes(0));
  b.seconds = (now() - start) / 1e6;
  const struct mallinfo2 after = mallinfo2();
  b.bytes = static_cast<double>(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
            static_cast<double>(rows.count);
  return b;
}

void faiss_range(Built& b, const Rows& queries, uint32_t radius, size_t from, size_t count, size_t batch) {
  uint64_t found = 0;
  const double start = now();
  for (size_t q = from; q < from + count; q += batch) {
    const size_t n = std::min(batch, from + count - q);
    faiss::RangeSearchResult result(n);
    // Its radius is exclusive.
    b.index->range_search(static_cast<faiss::IndexBinary::idx_t>(n), queries.bytes(q), static_cast<int>(radius) + 1,
                          &result);
    found += result.lims[n];
  }
  std::printf("{\"us\":%.3f,\"found\":%llu,\"seconds\":%.3f,\"bytes\":%.1f}\n",
              (now() - start) / static_cast<double>(count), static_cast<unsigned long long>(found), b.seconds, b.bytes);
}

void faiss_nearest(Built& b, const Rows& queries, size_t from, size_t count) {
  const double start = now();
  uint64_t sum = 0;
  for (size_t q = from; q < from + count; q += 2) {
    int32_t distance;
    faiss::IndexBinary::idx_t label;
    b.index->search(1, queries.bytes(q), 1, &distance, &label);
    sum += static_cast<uint64_t>(distance);
  }
  std::printf("{\"us\":%.3f,\"sum\":%llu}\n", (now() - start) / static_cast<double>((count + 1) / 2),
              static_cast<unsigned long long>(sum));
}
#endif

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const Rows rows(argv[1]), queries(argv[2]);
#ifdef WITH_FAISS
  omp_set_num_threads(1);
  std::map<std::string, Built> all;
  std::printf("{\"faiss\":\"%d.%d.%d\"}\n", FAISS_VERSION_MAJOR, FAISS_VERSION_MINOR, FAISS_VERSION_PATCH);
#else
  std::printf("{}\n");
#endif
  std::fflush(stdout);
  char line[4096], name[16], path[3072];
  size_t from, count, batch;
  uint32_t radius;
  int tables, bits, flips;
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    if (std::strcmp(line, "read\n") == 0) {
      read_all(rows);
    } else if (std::sscanf(line, "brute %u %zu %zu %3071s", &radius, &from, &count, path) == 4) {
      brute(rows, queries, radius, from, count, path);
#ifdef WITH_FAISS
    } else if (std::sscanf(line, "faiss %15s %d %d %d %u %zu %zu %zu", name, &tables, &bits, &flips, &radius, &from,
                           &count, &batch) == 8) {
      Built& b = built(&all, rows, tables, bits);
      if (auto* hash = dynamic_cast<faiss::IndexBinaryMultiHash*>(b.index.get())) hash->nflip = flips;
      faiss_range(b, queries, radius, from, count, batch);
    } else if (std::sscanf(line, "nearest %zu %zu", &from, &count) == 2) {
      faiss_nearest(built(&all, rows, 0, 0), queries, from, count);
    } else if (std::sscanf(line, "free %d %d", &tables, &bits) == 2) {
      all.erase(std::to_string(tables) + "x" + std::to_string(bits));
      std::printf("{}\n");
#endif
    } else {
      return 2;
    }
    std::fflush(stdout);
  }
}
