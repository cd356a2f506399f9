// The index and its snapshots.
#include <bit>
#include <new>

#include "index.h"

using empreinte::Rows;

emp_status emp_index_create(emp_index** out) {
  *out = new (std::nothrow) emp_index;
  return *out ? EMP_OK : EMP_OUT_OF_MEMORY;
}

void emp_index_destroy(emp_index* index) { delete index; }

emp_status emp_index_add(emp_index* index, const uint8_t* hashes, size_t count) {
  if (count > UINT32_MAX - index->rows.size()) return EMP_BAD_OPTION;
  return index->rows.append(hashes, count) ? EMP_OK : EMP_OUT_OF_MEMORY;
}

size_t emp_index_size(const emp_index* index) { return index->rows.size(); }

size_t emp_index_bytes(const emp_index* index) { return index->rows.block_count() * empreinte::kBlockRows * 32; }

emp_status emp_index_snapshot(const emp_index* index, emp_snapshot** out) {
  emp_snapshot* snapshot = new (std::nothrow) emp_snapshot;
  *out = snapshot;
  if (snapshot == nullptr) return EMP_OUT_OF_MEMORY;
  if (index->rows.share(&snapshot->rows)) return EMP_OK;
  delete snapshot;
  *out = nullptr;
  return EMP_OUT_OF_MEMORY;
}

void emp_snapshot_release(emp_snapshot* snapshot) { delete snapshot; }

uint32_t emp_hash_distance(const uint8_t a[EMP_HASH_BYTES], const uint8_t b[EMP_HASH_BYTES]) {
  int distance = 0;
  for (int i = 0; i < EMP_HASH_BYTES; ++i) distance += std::popcount(static_cast<uint8_t>(a[i] ^ b[i]));
  return static_cast<uint32_t>(distance);
}
