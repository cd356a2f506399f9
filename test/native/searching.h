// What the engine's test programs share: random hashes, a search in slices, a saved file in memory.
#pragma once
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../../native/empreinte.h"

using Hash = std::array<uint8_t, EMP_HASH_BYTES>;

// xorshift64*
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint64_t operator()() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1du;
  }
  uint64_t below(uint64_t end) { return (*this)() % end; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  Hash hash() {
    Hash h;
    for (size_t i = 0; i < h.size(); i += 8) {
      const uint64_t word = (*this)();
      std::memcpy(&h[i], &word, 8);
    }
    return h;
  }
  // At most `flips` bits away.
  Hash near(Hash h, uint64_t flips) {
    for (; flips > 0; --flips) {
      const uint64_t bit = below(256);
      h[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
    return h;
  }

 private:
  uint64_t state_;
};

// Bit by bit through a table, so that it has nothing in common with what it checks.
inline uint32_t plain_distance(const Hash& a, const Hash& b) {
  static const auto ones = [] {
    std::array<uint8_t, 256> table{};
    for (uint32_t i = 1; i < 256; ++i) table[i] = static_cast<uint8_t>(table[i / 2] + i % 2);
    return table;
  }();
  uint32_t sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += ones[a[i] ^ b[i]];
  return sum;
}

struct Found {
  emp_status status = EMP_OK;
  std::vector<emp_hit> hits;
};

inline Found search(const emp_snapshot* snapshot, const std::vector<Hash>& queries, const emp_search_options& options,
                    bool nearest = false, uint64_t budget = UINT64_MAX) {
  Found found;
  emp_searcher* searcher = nullptr;
  const uint8_t* bytes = queries.empty() ? nullptr : queries[0].data();
  found.status = emp_searcher_create(snapshot, bytes, queries.size(), &options, nearest ? 1 : 0, &searcher);
  for (int done = 0; found.status == EMP_OK && done == 0;) found.status = emp_searcher_run(searcher, budget, &done);
  if (found.status == EMP_OK) {
    const emp_hit* hits;
    size_t count;
    emp_searcher_hits(searcher, &hits, &count);
    found.hits.assign(hits, hits + count);
  }
  emp_searcher_destroy(searcher);
  return found;
}

// A file in memory of exactly its size, so that a sanitizer sees every read beyond its end.
class FileInMemory {
 public:
  explicit FileInMemory(const std::vector<uint8_t>& bytes) : size_(bytes.size()) {
    if (size_ == 0) return;
    void* memory = nullptr;
    if (posix_memalign(&memory, 64, size_) != 0) std::abort();
    data_ = static_cast<uint8_t*>(memory);
    std::memcpy(data_, bytes.data(), size_);
  }
  FileInMemory(const FileInMemory&) = delete;
  FileInMemory& operator=(const FileInMemory&) = delete;
  ~FileInMemory() { std::free(data_); }
  static void release(void* context) { delete static_cast<FileInMemory*>(context); }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  uint8_t* data_ = nullptr;
  size_t size_;
};

inline emp_status open_bytes(const std::vector<uint8_t>& bytes, emp_index** out) {
  FileInMemory* file = new FileInMemory(bytes);
  const emp_file given = {file->data(), file->size(), FileInMemory::release, nullptr, file};
  return emp_index_open(&given, out);
}

inline emp_status save_bytes(const emp_snapshot* snapshot, std::vector<uint8_t>* bytes) {
  bytes->clear();
  const emp_writer writer = {[](void* context, const void* data, size_t size) {
                               const uint8_t* from = static_cast<const uint8_t*>(data);
                               auto* to = static_cast<std::vector<uint8_t>*>(context);
                               to->insert(to->end(), from, from + size);
                               return 0;
                             },
                             bytes};
  return emp_snapshot_save(snapshot, &writer, nullptr);
}
