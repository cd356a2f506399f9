// Makes shards from what an index holds: several shards as one, and the delta as a shard.
#pragma once
#include "version.h"

namespace empreinte {

// Joins the live rows of `count` shards into one with `tables` tables; null when there are none.
emp_status join_shards(const LiveShard* shards, uint32_t count, uint32_t tables, const emp_cancel& cancel, Shard** out);

// Makes a shard without tables of the live rows of the delta; null when there are none.
emp_status shard_of_delta(const Version& version, Shard** out);

}  // namespace empreinte
