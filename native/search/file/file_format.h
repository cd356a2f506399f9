// The records of an index file, as FORMAT.md describes them.
#pragma once
#include <algorithm>
#include <cstddef>

#include "../../empreinte.h"
#include "../../kernels/kernels.h"
#include "crc32c.h"
#include "../shard/shard.h"

namespace empreinte {

constexpr char kMagic[8] = {'E', 'M', 'P', 'R', 'E', 'I', 'D', 'X'};
constexpr uint32_t kVersion = 3, kByteOrder = 0x01020304, kMostShards = 4096;
constexpr uint64_t kPage = 4096;

struct Header {
  char magic[8];
  uint32_t version, byte_order;
  uint64_t size, revision;
  uint32_t shards, tables;
  uint8_t zero[20];
  uint32_t crc;
};
static_assert(sizeof(Header) == 64);

struct ShardRecord {
  uint64_t offset, size;
  uint32_t rows, tables;
  uint64_t first_id;
  uint32_t flags, crc;
  uint8_t zero[24];
};
static_assert(sizeof(ShardRecord) == 64);

constexpr uint32_t kNarrow = 1, kTags = 2;

inline uint64_t to_page(uint64_t at) { return (at + kPage - 1) / kPage * kPage; }

inline Layout layout_in(const ShardRecord& r) {
  return layout_of(r.rows, r.tables, (r.flags & kNarrow) != 0, (r.flags & kTags) != 0);
}

inline uint32_t header_crc(const Header& header, const ShardRecord* records) {
  return crc32c(crc32c(0, &header, offsetof(Header, crc)), records, header.shards * sizeof(ShardRecord));
}

inline bool stopped(const emp_cancel* cancel) {
  return cancel != nullptr && cancel->poll != nullptr && cancel->poll(cancel->context) != 0;
}

// Returns the memory of a shard, from its first byte.
inline const uint8_t* memory_of(const Shard& s) { return reinterpret_cast<const uint8_t*>(s.blocks); }

inline ShardRecord record_of(const Shard& s, uint64_t offset) {
  ShardRecord r = {};
  r.offset = offset;
  r.rows = s.rows;
  r.tables = s.tables;
  r.first_id = s.ids.first;
  r.flags = (s.ids.narrow != nullptr ? kNarrow : 0) | (s.tags != nullptr ? kTags : 0);
  r.size = s.bytes();
  return r;
}

inline emp_status crc_of(const uint8_t* data, uint64_t size, const emp_cancel* cancel, uint32_t* crc) {
  constexpr uint64_t kPiece = uint64_t{1} << 22;
  const emp_kernel* kernel = nullptr;
  const emp_status status = emp_kernel_find(nullptr, &kernel);
  if (status != EMP_OK) return status;
  *crc = 0;
  for (uint64_t done = 0; done < size; done += kPiece) {
    if (stopped(cancel)) return EMP_CANCELLED;
    *crc = kernel->crc32c(*crc, data + done, static_cast<size_t>(std::min(kPiece, size - done)));
  }
  return EMP_OK;
}

}  // namespace empreinte
