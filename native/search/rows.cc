#include "rows.h"

#include <algorithm>

namespace empreinte {

BlockRef BlockRef::create() {
  BlockRef ref;
  Block* block = new (std::nothrow) Block;
  if (block == nullptr) return ref;
  block->bytes = Array<uint8_t>(kBlockRows * 32);
  if (block->bytes)
    ref.block_ = block;
  else
    delete block;
  return ref;
}

BlockRef::BlockRef(const BlockRef& other) noexcept : block_(other.block_) {
  if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
}

BlockRef::~BlockRef() {
  if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete block_;
}

bool Rows::reserve(size_t blocks) {
  if (blocks <= block_capacity_) return true;
  const size_t capacity = std::max(blocks, 2 * block_capacity_);
  BlockRef* grown = new (std::nothrow) BlockRef[capacity];
  if (grown == nullptr) return false;
  for (size_t i = 0; i < block_count_; ++i) grown[i] = std::move(blocks_[i]);
  delete[] blocks_;
  blocks_ = grown;
  block_capacity_ = capacity;
  return true;
}

bool Rows::append(const uint8_t* hashes, size_t count) {
  const size_t blocks = (size_ + count + kBlockRows - 1) / kBlockRows, before = block_count_;
  if (!reserve(blocks)) return false;
  for (size_t i = before; i < blocks; ++i) {
    blocks_[i] = BlockRef::create();
    if (blocks_[i]) continue;
    for (size_t k = before; k < i; ++k) blocks_[k] = BlockRef();
    return false;
  }
  block_count_ = blocks;
  while (count > 0) {
    const size_t at = size_ % kBlockRows, n = std::min(count, kBlockRows - at);
    std::memcpy(blocks_[size_ / kBlockRows].bytes() + 32 * at, hashes, 32 * n);
    hashes += 32 * n;
    size_ += n;
    count -= n;
  }
  return true;
}

bool Rows::share(Rows* to) const {
  if (!to->reserve(std::max<size_t>(block_count_, 1))) return false;
  for (size_t i = 0; i < block_count_; ++i) to->blocks_[i] = blocks_[i];
  to->block_count_ = block_count_;
  to->size_ = size_;
  return true;
}

}  // namespace empreinte
