// Saves a snapshot to an index file.
#include <algorithm>
#include <memory>
#include <new>

#include "file_format.h"
#include "../index/index.h"
#include "../index/join.h"

namespace empreinte {
namespace {

// The shards of a snapshot as a file has them: without removed rows, and with the delta as a shard.
class Compact {
 public:
  ~Compact() {
    for (uint32_t i = 0; i < count_; ++i) shards_[i]->release();
  }
  emp_status from(const Version& v, const emp_cancel& cancel) {
    shards_.reset(new (std::nothrow) Shard*[v.shard_count + 1]);
    if (!shards_) return EMP_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < v.shard_count; ++i) {
      Shard* shard = v.shards[i].shard;
      if (v.shards[i].tombstones != nullptr) {
        const emp_status status = join_shards(&v.shards[i], 1, shard->tables, cancel, &shard);
        if (status != EMP_OK) return status;
        if (shard == nullptr) continue;
      } else {
        shard->retain();
      }
      shards_[count_++] = shard;
    }
    Shard* delta = nullptr;
    const emp_status status = shard_of_delta(v, &delta);
    if (delta != nullptr) shards_[count_++] = delta;
    return status;
  }
  uint32_t count() const { return count_; }
  const Shard& operator[](uint32_t i) const { return *shards_[i]; }

 private:
  std::unique_ptr<Shard*[]> shards_;
  uint32_t count_ = 0;
};

emp_status write_all(const emp_writer& writer, const emp_cancel* cancel, const void* data, uint64_t size) {
  constexpr uint64_t kPiece = uint64_t{1} << 22;
  const uint8_t* at = static_cast<const uint8_t*>(data);
  for (uint64_t done = 0; done < size; done += kPiece) {
    if (stopped(cancel)) return EMP_CANCELLED;
    if (writer.write(writer.context, at + done, static_cast<size_t>(std::min(kPiece, size - done))) != 0)
      return EMP_WRITE_FAILED;
  }
  return EMP_OK;
}

emp_status write_zeros(const emp_writer& writer, uint64_t size) {
  static constexpr uint8_t zeros[kPage] = {};
  return size == 0 || writer.write(writer.context, zeros, static_cast<size_t>(size)) == 0 ? EMP_OK : EMP_WRITE_FAILED;
}

}  // namespace
}  // namespace empreinte

using namespace empreinte;

emp_status emp_snapshot_save(const emp_snapshot* snapshot, const emp_writer* writer, const emp_cancel* cancel) {
  const emp_cancel never = {nullptr, nullptr};
  Compact shards;
  emp_status status = shards.from(*snapshot->version, cancel != nullptr ? *cancel : never);
  if (status != EMP_OK) return status;
  if (shards.count() > kMostShards) return EMP_BAD_OPTION;
  Array<ShardRecord> records(size_t{shards.count()} + 1);
  if (!records) return EMP_OUT_OF_MEMORY;
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.byte_order = kByteOrder;
  header.revision = snapshot->version->revision;
  header.shards = shards.count();
  header.tables = snapshot->tables;
  uint64_t end = sizeof(header) + shards.count() * sizeof(ShardRecord);
  for (uint32_t i = 0; i < shards.count(); ++i) {
    records[i] = record_of(shards[i], to_page(end));
    status = crc_of(memory_of(shards[i]), records[i].size, cancel, &records[i].crc);
    if (status != EMP_OK) return status;
    end = records[i].offset + records[i].size;
  }
  header.size = end;
  header.crc = header_crc(header, records.data());
  status = write_all(*writer, cancel, &header, sizeof(header));
  if (status == EMP_OK) status = write_all(*writer, cancel, records.data(), shards.count() * sizeof(ShardRecord));
  end = sizeof(header) + shards.count() * sizeof(ShardRecord);
  for (uint32_t i = 0; status == EMP_OK && i < shards.count(); ++i) {
    status = write_zeros(*writer, records[i].offset - end);
    if (status == EMP_OK) status = write_all(*writer, cancel, memory_of(shards[i]), records[i].size);
    end = records[i].offset + records[i].size;
  }
  return status;
}
