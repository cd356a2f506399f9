/* An index of hashes: changes, maintenance, snapshots and files. */
#ifndef EMPREINTE_INDEX_H
#define EMPREINTE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An index of (id, hash, tag) rows. Ids are unique; several ids may have the same hash; a tag is a number 0 … 255 to
 * filter by. The lower 53 bits of an id name an entry, the six bits above them a crop of it, 1 … 63, or 0 for the
 * entry's own hash. The crops of an entry are added together with it and numbered from 1 on. Any threads may read and
 * write at the same time. A search works on a snapshot, the state of one revision, and no change ever blocks it. A call
 * that fails leaves the index as it was. */
#define EMP_ENTRY_BITS 53
#define EMP_MOST_CROPS 63
typedef struct emp_index emp_index;
typedef struct emp_snapshot emp_snapshot;

/* Creates an empty index, which emp_index_destroy frees. Returns EMP_BAD_OPTION for any other number of tables, or
 * EMP_OUT_OF_MEMORY. `tables` is the number of tables of a large shard:
 *   16   the fastest; shards above 2^24 rows get 13 tables of longer chunks instead
 *    8   every second table, which saves 40 bytes a hash and takes some ten times the query time
 *   13   tables of long chunks in every large shard
 *    0   rows only, which every search scans */
emp_status emp_index_create(uint32_t tables, emp_index** out);
/* Frees an index. No other call may use it any more, but its snapshots and searchers stay valid. */
void emp_index_destroy(emp_index* index);

/* Adds all rows or none. `hashes` has count·32 bytes; `tags` has count bytes, or is NULL, which makes all tags 0.
 * Returns EMP_DUPLICATE_ID when an id is in the index or occurs twice, EMP_BAD_OPTION when an id has more than 59 bits,
 * or EMP_OUT_OF_MEMORY. */
emp_status emp_index_add(emp_index* index, const uint64_t* ids, const uint8_t* hashes, const uint8_t* tags,
                         size_t count);
/* Removes all entries, with their crops, or none. Returns EMP_UNKNOWN_ID when one is missing, or EMP_OUT_OF_MEMORY. A
 * search whose snapshot is taken after this returns never finds a removed row. */
emp_status emp_index_remove(emp_index* index, const uint64_t* ids, size_t count);
/* Gives an existing entry another hash and tag, and removes its crops. Every reader sees either the old rows or the
 * new one. Returns EMP_UNKNOWN_ID or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_index_replace(emp_index* index, uint64_t id, const uint8_t* hash, uint8_t tag);
/* Returns 1 when the index has the id, otherwise 0. */
int emp_index_has(emp_index* index, uint64_t id);
/* Writes the hash of an id, or returns EMP_UNKNOWN_ID. */
emp_status emp_index_get(emp_index* index, uint64_t id, uint8_t hash[EMP_HASH_BYTES]);
/* Removes every row. Returns EMP_OUT_OF_MEMORY on failure. */
emp_status emp_index_clear(emp_index* index);

/* Performs one step of maintenance, which joins shards into a larger one with tables. It may run on any thread while
 * others read and write. Only one step runs at a time; another call returns EMP_OK with *more 0. *more is 1 when
 * another step is due. `room` is how many bytes a shard of more than 2^24 rows may take while its predecessors still
 * exist; 0 makes no such shard and keeps existing ones. Such a shard has 3·2^23 to 3·2^25 rows of some 114 bytes, and 8
 * more each while it is built. Returns EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_index_maintain(emp_index* index, uint64_t room, const emp_cancel* cancel, int* more);
/* Makes a shard of the newest rows, so that the following maintenance reaches every row. Returns EMP_OUT_OF_MEMORY on
 * failure. */
emp_status emp_index_flush(emp_index* index);
/* Returns 1 when a step of maintenance is due, otherwise 0. */
int emp_index_wants_maintenance(emp_index* index, uint64_t room);

typedef struct emp_index_stats {
  uint64_t rows;     /* Rows that a search can find. */
  uint64_t removed;  /* Tombstones: rows whose memory a later step of maintenance gives back. */
  uint64_t delta;    /* Newest rows, not yet in a shard. */
  uint64_t shards;   /* Immutable shards. */
  uint64_t indexed;  /* Rows in shards with tables. */
  uint64_t bytes;    /* Memory of the whole index, including mapped files. */
  uint64_t mapped;   /* Bytes of `bytes` that belong to a mapped file. */
  uint64_t resident; /* Bytes of `bytes` that are in physical memory now. */
  uint64_t revision; /* Grows with every change. */
} emp_index_stats;
/* Fills `out` with the state of the current revision. */
void emp_index_get_stats(emp_index* index, emp_index_stats* out);

/* ---- Snapshots ---- */

/* Takes a snapshot of the current revision, which emp_snapshot_release frees. The memory of removed rows is kept as
 * long as a snapshot has them. Returns EMP_OUT_OF_MEMORY on failure. */
emp_status emp_index_snapshot(emp_index* index, emp_snapshot** out);
/* Frees a snapshot. Searchers that were created from it stay valid. */
void emp_snapshot_release(emp_snapshot* snapshot);

/* ---- Index files (native/search/file/FORMAT.md) ---- */

/* Receives bytes in order. A non-zero result ends the work with EMP_WRITE_FAILED. */
typedef struct emp_writer {
  int (*write)(void* context, const void* data, size_t size);
  void* context;
} emp_writer;
/* Writes the rows that the snapshot sees. The file contains nothing of a removed row. `writer` is called on this
 * thread. Returns EMP_WRITE_FAILED, EMP_CANCELLED, EMP_OUT_OF_MEMORY, or EMP_BAD_OPTION when a file cannot have so many
 * shards. After a failure the written bytes are not a file. */
emp_status emp_snapshot_save(const emp_snapshot* snapshot, const emp_writer* writer, const emp_cancel* cancel);

/* A file in memory, usually a mapping. The memory must stay valid until `release(context)` is called: after the index
 * and all its snapshots are gone, or before emp_index_open returns a failure. */
typedef struct emp_file {
  const uint8_t* data; /* Aligned to 64 bytes. */
  size_t size;
  void (*release)(void* context);
  size_t (*resident)(void* context); /* Returns how many bytes are in physical memory now. May be NULL. */
  void* context;
} emp_file;
/* Opens an index on a file; emp_index_destroy frees it. It checks header, lengths and structure at once, so that no
 * search reads outside the file whatever the rest contains. emp_index_verify checks the rest. Returns EMP_FOREIGN_FILE,
 * EMP_NEWER_FILE, EMP_OLDER_FILE, EMP_CORRUPT_FILE or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_index_open(const emp_file* file, emp_index** out);
/* Checks every checksum and table of the file's shards that are still in use. Returns EMP_CORRUPT_FILE when one is
 * wrong, or EMP_CANCELLED. */
emp_status emp_index_verify(emp_index* index, const emp_cancel* cancel);
/* Copies the file's shards into the index's own memory, in huge pages where the system provides them, and checks their
 * checksums. Returns EMP_CORRUPT_FILE, EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure; shards that were copied before
 * stay copied. */
emp_status emp_index_warm(emp_index* index, const emp_cancel* cancel);

#ifdef __cplusplus
}
#endif
#endif
