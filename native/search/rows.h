// The rows of an index: append-only blocks, shared between the index and its snapshots. A snapshot sees the first
// `size` rows; later ones are written beyond them, so readers are never blocked and never see half a change.
#pragma once
#include <atomic>

#include "../memory.h"

namespace empreinte {

constexpr size_t kBlockRows = size_t{1} << 14;  // 512 KiB

struct Block {
  std::atomic<uint32_t> references{1};
  Array<uint8_t> bytes;
};

// A counted reference to a block.
class BlockRef {
 public:
  BlockRef() = default;
  static BlockRef create();
  BlockRef(const BlockRef& other) noexcept;
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef();
  explicit operator bool() const { return block_ != nullptr; }
  uint8_t* bytes() const { return block_->bytes.data(); }

 private:
  Block* block_ = nullptr;
};

// The rows as seen at one moment.
class Rows {
 public:
  Rows() = default;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() { delete[] blocks_; }

  size_t size() const { return size_; }
  size_t block_count() const { return block_count_; }
  size_t rows_in(size_t block) const {
    return block + 1 < block_count_ ? kBlockRows : size_ - (block_count_ - 1) * kBlockRows;
  }
  const uint8_t* block(size_t i) const { return blocks_[i].bytes(); }

  // All or nothing; false when there is no memory.
  bool append(const uint8_t* hashes, size_t count);
  // Shares the blocks. `to` is empty.
  bool share(Rows* to) const;

 private:
  bool reserve(size_t blocks);
  BlockRef* blocks_ = nullptr;
  size_t block_count_ = 0, block_capacity_ = 0, size_ = 0;
};

}  // namespace empreinte
