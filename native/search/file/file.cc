// Opens an index file, and checks it.
#include "file.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

#include "file_format.h"
#include "../index/index.h"

namespace empreinte {
namespace {

// Returns the CRC that the file has for one of its shards.
uint32_t stored_crc(const Shard& s) {
  const uint8_t* base = s.file->region.data();
  const Header& header = *reinterpret_cast<const Header*>(base);
  const ShardRecord* records = reinterpret_cast<const ShardRecord*>(base + sizeof(Header));
  const uint64_t offset = static_cast<uint64_t>(memory_of(s) - base);
  uint32_t crc = 0;
  for (uint32_t k = 0; k < header.shards; ++k)
    if (records[k].offset == offset) crc = records[k].crc;
  return crc;
}

bool tables_hold(const Shard& s) {
  // Ids that ascend in the order are distinct, and so are its rows: the order has every row once.
  uint64_t before = 0;
  for (uint32_t i = 0; i < s.rows; ++i) {
    if (s.order != nullptr && number_at(s.order, 3, i) >= s.rows) return false;
    const uint64_t id = s.ids.at(s.row_by_id(i));
    if (i > 0 && id <= before) return false;
    before = id;
  }
  if (before > kMostId) return false;
  for (uint32_t t = 0; t < s.tables; ++t) {
    const Table& table = s.table[t];
    const uint32_t buckets = buckets_of(s.tables);
    if (table.offsets[0] != 0 || table.offsets[buckets] != s.rows) return false;
    for (uint32_t v = 0; v < buckets; ++v)
      if (table.offsets[v] > table.offsets[v + 1]) return false;
    for (uint32_t i = 0; i < s.rows; ++i)
      if (table.row_at(i) >= s.rows) return false;
  }
  return true;
}

// Checks everything a search relies on to stay inside the file.
emp_status check_structure(const uint8_t* data, size_t size) {
  Header header;
  if (size < sizeof(header)) return EMP_FOREIGN_FILE;
  std::memcpy(&header, data, sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) return EMP_FOREIGN_FILE;
  if (header.byte_order != kByteOrder) return EMP_FOREIGN_FILE;
  if (header.version > kVersion) return EMP_NEWER_FILE;
  if (header.version < kVersion) return EMP_OLDER_FILE;
  if (header.size != size || header.shards > kMostShards) return EMP_CORRUPT_FILE;
  if (size - sizeof(header) < header.shards * sizeof(ShardRecord)) return EMP_CORRUPT_FILE;
  const ShardRecord* records = reinterpret_cast<const ShardRecord*>(data + sizeof(header));
  if (header_crc(header, records) != header.crc) return EMP_CORRUPT_FILE;
  if (!known_tables(header.tables)) return EMP_CORRUPT_FILE;
  uint64_t end = sizeof(header) + header.shards * sizeof(ShardRecord);
  for (uint32_t i = 0; i < header.shards; ++i) {
    const ShardRecord& r = records[i];
    if (!known_tables(r.tables) || r.rows == 0 || r.rows > most_rows(r.tables)) return EMP_CORRUPT_FILE;
    if (r.flags > (kNarrow | kTags) || r.first_id > kMostId) return EMP_CORRUPT_FILE;
    if (r.offset != to_page(end) || r.offset > size || r.size != layout_in(r).total || r.size > size - r.offset)
      return EMP_CORRUPT_FILE;
    // No checksum covers the gap before a shard.
    if (std::any_of(data + end, data + r.offset, [](uint8_t byte) { return byte != 0; })) return EMP_CORRUPT_FILE;
    end = r.offset + r.size;
  }
  return end == size ? EMP_OK : EMP_CORRUPT_FILE;
}

}  // namespace
}  // namespace empreinte

using namespace empreinte;

static_assert(std::endian::native == std::endian::little,
              "the file is as memory is, so a big-endian machine has no files");

emp_status emp_index_open(const emp_file* file, emp_index** out) {
  *out = nullptr;
  File* shared = new (std::nothrow) File;
  if (shared == nullptr) {
    file->release(file->context);
    return EMP_OUT_OF_MEMORY;
  }
  const uint8_t* data = file->data;
  const size_t size = file->size;
  shared->region = Region(data, size, file->release, file->context);
  shared->resident = file->resident;
  shared->context = file->context;
  emp_status status = check_structure(data, size);
  emp_index* index = nullptr;
  Version* v = nullptr;
  if (status == EMP_OK) {
    const Header& header = *reinterpret_cast<const Header*>(data);
    status = emp_index_create(header.tables, &index);
    if (status == EMP_OK) v = index->version->next(header.shards + 1);
    if (status == EMP_OK && v == nullptr) status = EMP_OUT_OF_MEMORY;
    const ShardRecord* records = reinterpret_cast<const ShardRecord*>(data + sizeof(Header));
    for (uint32_t i = 0; status == EMP_OK && i < header.shards; ++i) {
      Shard* shard = new (std::nothrow) Shard;
      if (shard == nullptr) {
        status = EMP_OUT_OF_MEMORY;
        break;
      }
      shard->file = shared;
      shared->retain();
      shard->attach(data + records[i].offset, records[i].rows, records[i].tables, records[i].first_id,
                    layout_in(records[i]));
      v->shards[v->shard_count++] = {shard, nullptr};
    }
    if (status == EMP_OK) {
      v->revision = header.revision;
      for (uint32_t i = 0; i < v->shard_count; ++i) index->has_crops |= v->shards[i].shard->last_id() > kMostEntry;
      index->publish(v);
      *out = index;
    } else {
      if (v != nullptr) v->release();
      emp_index_destroy(index);
    }
  }
  shared->release();
  return status;
}

emp_status emp_index_verify(emp_index* index, const emp_cancel* cancel) {
  Version* v = index->share();
  emp_status status = EMP_OK;
  for (uint32_t i = 0; status == EMP_OK && i < v->shard_count; ++i) {
    const Shard& s = *v->shards[i].shard;
    if (s.file == nullptr) continue;
    uint32_t crc = 0;
    status = crc_of(memory_of(s), s.bytes(), cancel, &crc);
    if (status == EMP_OK && crc != stored_crc(s)) status = EMP_CORRUPT_FILE;
    if (status == EMP_OK && !tables_hold(s)) status = EMP_CORRUPT_FILE;
  }
  v->release();
  return status;
}

namespace {

// Copies a shard of a file into memory of its own.
emp_status copy_of(const Shard& s, const emp_cancel* cancel, Shard** out) {
  *out = nullptr;
  std::unique_ptr<Shard> copy(new (std::nothrow) Shard);
  if (!copy) return EMP_OUT_OF_MEMORY;
  const size_t size = s.bytes();
  copy->region = Region(size);
  if (!copy->region) return EMP_OUT_OF_MEMORY;
  constexpr size_t kPiece = size_t{1} << 22;
  for (size_t done = 0; done < size; done += kPiece) {
    if (stopped(cancel)) return EMP_CANCELLED;
    std::memcpy(copy->region.data() + done, memory_of(s) + done, std::min(kPiece, size - done));
  }
  uint32_t crc = 0;
  const emp_status status = crc_of(copy->region.data(), size, cancel, &crc);
  if (status != EMP_OK) return status;
  if (crc != stored_crc(s)) return EMP_CORRUPT_FILE;
  copy->attach(copy->region.data(), s.rows, s.tables, s.ids.first, layout_in(record_of(s, 0)));
  *out = copy.release();
  return EMP_OK;
}

// Replaces `original` with `copy`, unless it is gone by now.
emp_status put_in_place(emp_index* index, const Shard* original, Shard* copy) {
  const std::lock_guard<std::mutex> lock(index->writing);
  Version* v = index->version->next(0);
  if (v == nullptr) return EMP_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < v->shard_count; ++i) {
    if (v->shards[i].shard != original) continue;
    v->shards[i].shard->release();
    copy->retain();
    v->shards[i].shard = copy;
  }
  index->publish(v);
  return EMP_OK;
}

}  // namespace

emp_status emp_index_warm(emp_index* index, const emp_cancel* cancel) {
  Version* v = index->share();
  emp_status status = EMP_OK;
  for (uint32_t i = 0; status == EMP_OK && i < v->shard_count; ++i) {
    const Shard* original = v->shards[i].shard;
    if (original->file == nullptr) continue;
    Shard* copy;
    status = copy_of(*original, cancel, &copy);
    if (status != EMP_OK) break;
    status = put_in_place(index, original, copy);
    copy->release();
  }
  v->release();
  return status;
}
