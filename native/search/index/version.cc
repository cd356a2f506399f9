#include "version.h"

#include <memory>
#include <new>

namespace empreinte {

Delta* Delta::create() {
  std::unique_ptr<Delta> delta(new (std::nothrow) Delta);
  if (!delta) return nullptr;
  delta->blocks_region = Region(blocks_for(kDeltaRows) * sizeof(Block));
  delta->ids = Array<uint64_t>(kDeltaRows);
  delta->banks = Array<uint8_t>(kDeltaRows);
  if (!delta->blocks_region || !delta->ids || !delta->banks) return nullptr;
  return delta.release();
}

Version::~Version() {
  for (uint32_t i = 0; i < part_count; ++i) {
    parts[i].segment->release();
    if (parts[i].gone != nullptr) parts[i].gone->release();
  }
  if (delta != nullptr) delta->release();
  if (delta_gone != nullptr) delta_gone->release();
}

Version* Version::next(uint32_t more) const {
  std::unique_ptr<Version> copy(new (std::nothrow) Version);
  if (!copy) return nullptr;
  copy->parts = Array<Part>(size_t{part_count} + more);
  if (!copy->parts) return nullptr;
  copy->revision = revision + 1;
  copy->part_count = part_count;
  for (uint32_t i = 0; i < part_count; ++i) {
    copy->parts[i] = parts[i];
    parts[i].segment->retain();
    if (parts[i].gone != nullptr) parts[i].gone->retain();
  }
  copy->delta = delta;
  if (delta != nullptr) delta->references.fetch_add(1, std::memory_order_relaxed);
  copy->delta_rows = delta_rows;
  copy->delta_gone = delta_gone;
  if (delta_gone != nullptr) delta_gone->retain();
  return copy.release();
}

uint64_t Version::live() const {
  uint64_t rows = delta_rows - (delta_gone != nullptr ? delta_gone->count() : 0);
  for (uint32_t i = 0; i < part_count; ++i) rows += parts[i].live();
  return rows;
}

}  // namespace empreinte
