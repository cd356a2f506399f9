// New segments from what an index holds: several parts as one, and the delta as a part.
#pragma once
#include "version.h"

namespace empreinte {

// The live rows of `count` parts in a segment with `tables` tables; null when there are none.
emp_status join_shards(const LiveShard* shards, uint32_t count, uint32_t tables, const emp_cancel& cancel, Shard** out);

// The live rows of the delta in a segment without tables; null when there are none.
emp_status shard_of_delta(const Version& version, Shard** out);

}  // namespace empreinte
