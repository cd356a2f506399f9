/* empreinte: the only public header of the core.
 *
 * This is a C interface of status codes, plain structs and opaque handles. Nothing here throws, keeps global state or
 * performs I/O. Any thread may call any function; the comment on a handle says which calls may overlap.
 *
 * Pointers must not be NULL unless the comment allows it. The core reads the caller's memory during the call only and
 * never frees it. Strings that it returns are static. Each handle comes from a `create`, `open` or `snapshot` function,
 * belongs to the caller, and is freed by the `destroy` or `release` function of its type, which accepts NULL. A
 * function that fails gives no handle: *out is NULL. Functions with an emp_status name the failures they return.
 */
#ifndef EMPREINTE_H
#define EMPREINTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For enumerations that callers pass in: the core checks the value, so it may be any number in C++, too. */
#ifdef __cplusplus
#define EMP_ANY_NUMBER : unsigned
#else
#define EMP_ANY_NUMBER
#endif

/* ---- Status ------------------------------------------------------------------------------------------------- */

typedef enum emp_status {
  EMP_OK = 0,
  EMP_CANCELLED,          /* The caller's emp_cancel ended the work. */
  EMP_OUT_OF_MEMORY,      /* An allocation failed. Nothing was changed. */
  EMP_BAD_GEOMETRY,       /* Width, height, channels, stride and buffer size do not fit together. */
  EMP_BAD_KERNEL,         /* No kernel has that name, or this processor cannot run it. */
  EMP_BAD_RADIUS,         /* A radius is outside 0 … 256. */
  EMP_BAD_OPTION,         /* An option is outside its range. */
  EMP_DUPLICATE_ID,       /* An id is in the index already, or occurs twice among those to add. */
  EMP_UNKNOWN_ID,         /* An id is not in the index. */
  EMP_FOREIGN_FILE,       /* The file is not an index file. */
  EMP_NEWER_FILE,         /* The index file has a later version than this code. */
  EMP_OLDER_FILE,         /* The index file has an earlier version that this code no longer reads. */
  EMP_CORRUPT_FILE,       /* The index file is truncated or changed. */
  EMP_WRITE_FAILED,       /* The caller's emp_writer reported a failure. */
  EMP_BAD_HASH_LENGTH,    /* The hash text has the wrong length. */
  EMP_BAD_HASH_CHARACTER, /* The hash text has a character that is neither hex nor base64. */
  EMP_BAD_RECORD,         /* The bytes are not a local record, or are damaged. */
  EMP_TRUNCATED_RECORD,   /* The bytes end before the local record does. */
  EMP_NEWER_RECORD,       /* The local record has a later version than this code. */
  EMP_OTHER_TABLE         /* Another local table made the record: register the original anew. */
} emp_status;

/* Returns one sentence for a person. It never contains bytes of the input. */
const char* emp_status_message(emp_status status);

/* Long work calls `poll` every few milliseconds, on the thread that does the work. A non-zero result ends the work with
 * EMP_CANCELLED. `poll` may be NULL, and so may a pointer to an emp_cancel. */
typedef struct emp_cancel {
  int (*poll)(void* context);
  void* context;
} emp_cancel;

/* ---- Kernels: one implementation for each instruction set, all bit-identical ------------------------------------ */

typedef struct emp_kernel emp_kernel;

/* Returns how many kernels this build contains, whether or not this processor can run them. */
size_t emp_kernel_count(void);
/* Returns kernel `i` in order of preference, the best first, or NULL when `i` is out of range. */
const emp_kernel* emp_kernel_at(size_t i);
/* Returns the kernel's name, for example "avx512". */
const char* emp_kernel_name(const emp_kernel* kernel);
/* Describes the instructions that the kernel needs, for a person. */
const char* emp_kernel_instructions(const emp_kernel* kernel);
/* Returns 1 when this processor can run the kernel, otherwise 0. */
int emp_kernel_supported(const emp_kernel* kernel);
/* Finds a supported kernel by name, or the best supported one for NULL or "". Returns EMP_BAD_KERNEL when no kernel has
 * that name or this processor cannot run it. Kernels are static and are never freed. */
emp_status emp_kernel_find(const char* name, const emp_kernel** out);

/* ---- Hashing ------------------------------------------------------------------------------------------------- */

enum { EMP_HASH_BYTES = 32, EMP_DIHEDRAL_COUNT = 8, EMP_GRID = 64, EMP_COEFFICIENTS = 16 };

/* Interleaved 8-bit samples in row-major order. Row y begins at data + y·stride. */
typedef struct emp_pixels {
  const uint8_t* data;
  size_t size;            /* Bytes that may be read from `data`. */
  uint32_t width, height; /* Pixels. */
  uint32_t channels;      /* 1 grey, 3 RGB, 4 RGBA. Alpha is ignored, as the reference does. */
  size_t stride;          /* Bytes from one row to the next, at least width·channels. */
} emp_pixels;

/* Returns EMP_OK when every sample is within `size` bytes, both sides are 1 … 2^24 pixels and there are 1, 3 or 4
 * channels. Otherwise it returns EMP_BAD_GEOMETRY. */
emp_status emp_pixels_check(const emp_pixels* pixels);

/* How a hash is computed. AUTO and EXACT always give the same hash. */
typedef enum emp_method EMP_ANY_NUMBER {
  EMP_METHOD_AUTO = 0, /* Uses the fast method where its error bound proves the answer, otherwise the exact one. */
  EMP_METHOD_EXACT,    /* Computes every float operation in the reference's order. */
  EMP_METHOD_FAST      /* Uses the separable filter without checking the bound, so the hash may differ. For tests. */
} emp_method;

/* Whether an image is resized first, as other implementations do. */
typedef enum emp_compat EMP_ANY_NUMBER {
  EMP_COMPAT_NONE = 0,
  EMP_COMPAT_CPP_CLI /* Resizes to 512×512 by nearest neighbour when a side is above 512, as the C++ tool does. */
} emp_compat;

typedef struct emp_hash_options {
  const emp_kernel* kernel; /* NULL selects the best supported kernel. */
  emp_method method;
  emp_compat compat;
  int dihedral; /* 1 fills all eight dihedral hashes. */
  emp_cancel cancel;
} emp_hash_options;

/* The method that produced a hash. */
typedef enum emp_method_used {
  EMP_USED_NONE = 0, /* A side is below 5 pixels. The hash is all zero and its quality is 0. */
  EMP_USED_EXACT,
  EMP_USED_FAST,
  EMP_USED_FALLBACK /* The fast method could not prove its answer, so the exact method followed. */
} emp_method_used;

/* A hash is stored most significant byte first: byte 0 holds the first two hex digits. */
typedef struct emp_hash_result {
  uint8_t hash[EMP_HASH_BYTES];
  /* The hashes of the rotated and mirrored image: orig rot90 rot180 rot270 flipX flipY flipPlus1 flipMinus1. */
  uint8_t dihedral[EMP_DIHEDRAL_COUNT][EMP_HASH_BYTES];
  int32_t quality; /* 0 … 100. */
  int32_t stable;  /* 0 when the largest |coefficient| is below 0.1. Such a hash is rounding noise. */
  emp_method_used method_used;
} emp_hash_result;

/* Hashes pixels and fills `result`. Returns EMP_BAD_GEOMETRY, EMP_BAD_OPTION, EMP_BAD_KERNEL, EMP_CANCELLED or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_hash(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result);

/* The intermediate buffers of one hash, for known-answer and differential tests. */
typedef struct emp_hash_trace {
  float grid[EMP_GRID * EMP_GRID];                         /* After filter and decimation, row-major. */
  float coefficients[EMP_COEFFICIENTS * EMP_COEFFICIENTS]; /* Row i is vertical frequency i + 1. */
  float median;
} emp_hash_trace;

/* Does what emp_hash does and also fills `trace`, which stays zero when a side is below 5 pixels. The method must be
 * EXACT or FAST; AUTO returns EMP_BAD_OPTION. It fails otherwise as emp_hash does. */
emp_status emp_hash_traced(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result,
                           emp_hash_trace* trace);
/* Writes the luma of row y, 0 … 255, to `out`, which has room for `width` floats. `kernel` must not be NULL. Returns
 * EMP_BAD_GEOMETRY when the pixels do not fit or there is no such row. */
emp_status emp_luma_row(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t y, float* out);

/* ---- Samples that are not 8-bit grey or RGB: these functions work in place and cannot fail ----------------------- */

/* Converts `samples` 16-bit native-endian values to as many 8-bit ones in place: v → round(v/257). */
void emp_repack_16_to_8(uint8_t* buffer, size_t samples);
/* Converts `pixels` CMYK quadruples (255 is full ink) to RGB triples in place: R = round((255−C)(255−K)/255). */
void emp_repack_cmyk_to_rgb(uint8_t* buffer, size_t pixels);
/* Keeps every second sample of grey with alpha, in place. */
void emp_repack_drop_alpha(uint8_t* buffer, size_t pixels);
/* Expands the luma of limited-range video (16 … 235) to the full range in place: v → round((v−16)·255/219). A NULL
 * `kernel` selects the best supported one. */
void emp_repack_limited_luma(const emp_kernel* kernel, uint8_t* buffer, size_t samples);

/* ---- Hash values --------------------------------------------------------------------------------------------- */

/* Parses `length` bytes of hex (64 digits of either case, with an optional 0x and surrounding white space) or base64
 * (44 characters with '=', 43 without, in the standard or URL alphabet). Returns EMP_BAD_HASH_LENGTH or
 * EMP_BAD_HASH_CHARACTER on failure, and `out` is then undefined. */
emp_status emp_hash_parse(const char* text, size_t length, uint8_t out[EMP_HASH_BYTES]);
/* Writes 64 lower-case hex digits without a terminating NUL. */
void emp_hash_to_hex(const uint8_t hash[EMP_HASH_BYTES], char out[64]);
/* Returns how many bits differ, 0 … 256. */
uint32_t emp_hash_distance(const uint8_t a[EMP_HASH_BYTES], const uint8_t b[EMP_HASH_BYTES]);

/* Why a hash would match unrelated images. */
typedef enum emp_trivial {
  EMP_TRIVIAL_NONE = 0, /* The hash is an ordinary one. */
  EMP_TRIVIAL_ALL_ZERO,
  EMP_TRIVIAL_ALL_ONE,
  EMP_TRIVIAL_UNBALANCED, /* Fewer than 64 or more than 192 bits are set. A PDQ hash has 128 or just under. */
  EMP_TRIVIAL_PERIODIC    /* One pattern of 1, 2 or 4 bytes repeats throughout. */
} emp_trivial;
/* Returns EMP_TRIVIAL_NONE for an ordinary hash, otherwise the reason why it is trivial. */
emp_trivial emp_hash_trivial(const uint8_t hash[EMP_HASH_BYTES]);
/* Returns one sentence for a person. */
const char* emp_trivial_message(emp_trivial reason);

/* ---- List files ---------------------------------------------------------------------------------------------- */

typedef enum emp_list_form {
  EMP_LIST_UNKNOWN = 0, /* No line could be read so far. */
  EMP_LIST_PLAIN,       /* <hash>, or <hash>,<metadata> */
  EMP_LIST_SIGNALS,     /* <signal type> <signal> */
  EMP_LIST_SIGNAL_CSV   /* The header is signal_type,signal_str,collab,category,tags. */
} emp_list_form;

/* Why a line gave no entry. The numbers are stable: src/native/list-problem.ts has the same order. */
typedef enum emp_list_problem {
  EMP_LIST_BAD_HASH_LENGTH = 0,
  EMP_LIST_BAD_HASH_CHARACTER,
  EMP_LIST_NUL_BYTE,
  EMP_LIST_LINE_TOO_LONG, /* The line has more than 65,536 bytes. */
  EMP_LIST_OTHER_SIGNAL,  /* The signal type is not pdq. */
  EMP_LIST_MISSING_FIELD,
  EMP_LIST_OPEN_QUOTE, /* A quoted field never ends. */
  EMP_LIST_TRIVIAL_ALL_ZERO,
  EMP_LIST_TRIVIAL_ALL_ONE,
  EMP_LIST_TRIVIAL_UNBALANCED,
  EMP_LIST_TRIVIAL_PERIODIC
} emp_list_problem;
/* Returns one sentence for a person. */
const char* emp_list_problem_message(emp_list_problem problem);

/* The callbacks of emp_list_feed and emp_list_finish, which receive entries and problems in the order of their lines.
 * Pointers are valid during the call only. Lines count from 1. Metadata is not NUL-terminated, and a line without any
 * has the length 0. */
typedef struct emp_list_sink {
  void* context;
  void (*entry)(void* context, uint64_t line, const uint8_t hash[EMP_HASH_BYTES], const char* metadata,
                size_t metadata_length);
  void (*problem)(void* context, uint64_t line, emp_list_problem problem);
} emp_list_sink;

/* A streaming list reader. It keeps at most one line or CSV record of 65,536 bytes. Only one thread may use it at a
 * time. */
typedef struct emp_list emp_list;
/* Creates a reader, which emp_list_destroy frees. With `allow_trivial` 0 it reports trivial hashes as problems instead
 * of entries. Returns EMP_OUT_OF_MEMORY on failure. */
emp_status emp_list_create(int allow_trivial, emp_list** out);
/* Reads the next bytes of the list and calls `sink` for each complete line. Always returns EMP_OK, because the reader
 * allocates nothing after it was created. */
emp_status emp_list_feed(emp_list* list, const uint8_t* data, size_t size, const emp_list_sink* sink);
/* Ends the list: reads a last line without a line break, and a record whose quote is still open. Always returns
 * EMP_OK. */
emp_status emp_list_finish(emp_list* list, const emp_list_sink* sink);
/* Returns the form that the first readable line has determined. */
emp_list_form emp_list_get_form(const emp_list* list);
/* Frees a reader. */
void emp_list_destroy(emp_list* list);

/* ---- Search -------------------------------------------------------------------------------------------------- */

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

/* ---- Index files (search/file/FORMAT.md) ---- */

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

/* Takes a snapshot of the current revision, which emp_snapshot_release frees. The memory of removed rows is kept as
 * long as a snapshot has them. Returns EMP_OUT_OF_MEMORY on failure. */
emp_status emp_index_snapshot(emp_index* index, emp_snapshot** out);
/* Frees a snapshot. Searchers that were created from it stay valid. */
void emp_snapshot_release(emp_snapshot* snapshot);

/* How a search works. Every strategy gives the same answer. */
typedef enum emp_search_strategy EMP_ANY_NUMBER {
  EMP_STRATEGY_AUTO = 0,   /* Uses what measurements show to be fastest for the size, radius and batch. */
  EMP_STRATEGY_SCAN,       /* Reads every row whole, query after query. */
  EMP_STRATEGY_COLUMNS,    /* Reads every row, most of them only in their first 96 or 128 bits. */
  EMP_STRATEGY_TILED,      /* Compares a tile of rows with all queries, then the next tile. */
  EMP_STRATEGY_MULTI_INDEX /* Uses tables wherever a shard has them and the radius is at most 79 (8 tables: 39). */
} emp_search_strategy;

typedef struct emp_search_options {
  const emp_kernel* kernel; /* NULL selects the best supported kernel. */
  emp_search_strategy strategy;
  uint32_t radius;    /* 0 … 256 differing bits. */
  uint32_t limit;     /* Keeps this many nearest hits of each query; 0 keeps all. */
  int filter;         /* 1 finds only rows with one of `tags`. */
  uint64_t tags[4];   /* 256 bits; tag 0 is the lowest bit of the first number. */
  int separate_crops; /* 0 gives each entry once, by its nearest row; 1 gives every row. `limit` counts the same. */
  emp_cancel cancel;
} emp_search_options;

typedef struct emp_hit {
  uint64_t id;
  uint32_t query; /* The position of the query in its batch, from 0. */
  uint32_t distance;
} emp_hit;

/* One search, which may run in slices so that a long one need not occupy a thread. It keeps the state of its snapshot.
 * Only one thread may use it at a time. */
typedef struct emp_searcher emp_searcher;
/* Creates a search, which emp_searcher_destroy frees. It copies the queries, query_count·32 bytes. For each query it
 * finds every row within the radius. With `nearest` 1 it finds exactly the `limit` nearest rows within the radius,
 * smaller ids first among equals; `limit` is then at least 1. Returns EMP_BAD_RADIUS, EMP_BAD_OPTION, EMP_BAD_KERNEL or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_searcher_create(const emp_snapshot* snapshot, const uint8_t* queries, size_t query_count,
                               const emp_search_options* options, int nearest, emp_searcher** out);
/* Continues for about `budget` row comparisons of some 0.4 ns; UINT64_MAX runs to the end. *done becomes 1 at the end
 * of the search. Returns EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure, after which the search can only be destroyed.
 */
emp_status emp_searcher_run(emp_searcher* searcher, uint64_t budget, int* done);
/* Returns about how many row comparisons a search makes that has not begun, without its hits; UINT64_MAX for the
 * nearest, where nobody knows. */
uint64_t emp_searcher_cost(const emp_searcher* searcher);
/* Returns the hits of a finished search, sorted by query, distance and id. They belong to the searcher and stay valid
 * until it is destroyed. */
void emp_searcher_hits(const emp_searcher* searcher, const emp_hit** hits, size_t* count);
/* Frees a search, finished or not. */
void emp_searcher_destroy(emp_searcher* searcher);

/* ---- Views: quadrilaterals of a query image that may be an altered original ------------------------------------- */

/* The idea that produced a view. */
typedef enum emp_view_kind {
  EMP_VIEW_WHOLE = 0,
  EMP_VIEW_TRIMMED,       /* Without border, bars or letterbox. */
  EMP_VIEW_COMPONENT,     /* An image inside a user interface. */
  EMP_VIEW_RECTANGLE,     /* Between long straight edges. */
  EMP_VIEW_QUADRILATERAL, /* Seen in perspective. */
  EMP_VIEW_HALF,          /* A piece of a collage. */
  EMP_VIEW_ZOOM_IN,
  EMP_VIEW_ZOOM_OUT,
  EMP_VIEW_ROTATION,
  EMP_VIEW_ALIGNED /* Moved towards one known hash. */
} emp_view_kind;

/* A quadrilateral in the query image: its corners top left, top right, bottom right and bottom left, as shares of the
 * image's width and height. Outside 0 … 1 the image is continued by its own edge. */
typedef struct emp_view {
  float x[4], y[4];
  uint32_t kind;        /* An emp_view_kind. */
  uint32_t orientation; /* 0 … 7: the order of the corners, numbered as emp_hash_result.dihedral is. */
} emp_view;

/* The hash of a view. */
typedef struct emp_view_hash {
  emp_view view;
  uint8_t hash[EMP_HASH_BYTES];
  int32_t quality, stable; /* As in emp_hash_result. */
  int32_t flat;            /* Four fifths of a detected view have one colour: a card, a text, a dark image. */
} emp_view_hash;

/* Groups of views, in the order in which a search tries them. */
typedef enum emp_view_stage EMP_ANY_NUMBER {
  EMP_STAGE_TURNED = 0, /* The other seven orientations. */
  EMP_STAGE_DETECTED,   /* What detectors find inside borders, interfaces and frames. */
  EMP_STAGE_FIXED,      /* Pieces of a collage, small crops and rotations. */
  EMP_STAGE_LARGE       /* Larger crops and rotations, from which an alignment may start. */
} emp_view_stage;

enum { EMP_STAGE_MOST = 64 };

/* A query image, reduced to the working copy that views are sampled from. Only one thread may use it at a time. */
typedef struct emp_views emp_views;
/* Creates the working copy, which emp_views_destroy frees, and keeps nothing of `pixels`. A NULL `kernel` selects the
 * best supported one. Returns EMP_BAD_GEOMETRY when a side is below 5 pixels, EMP_BAD_KERNEL or EMP_OUT_OF_MEMORY. */
emp_status emp_views_create(const emp_pixels* pixels, const emp_kernel* kernel, emp_views** out);
/* Frees a working copy. */
void emp_views_destroy(emp_views* views);
/* Returns the share of pixels in the most frequent of 16³ colour cells, 0 … 1. Text screens, charts and title cards
 * have 0.8 and more. */
float emp_views_flatness(const emp_views* views);
/* Hashes the views of a stage, the most promising first. It leaves out a view whose hash is within 2 bits of an earlier
 * one. *count is at most EMP_STAGE_MOST, whatever the image. Returns EMP_BAD_OPTION, EMP_CANCELLED or EMP_OUT_OF_MEMORY
 * on failure. */
emp_status emp_views_stage(emp_views* views, emp_view_stage stage, const emp_cancel* cancel,
                           emp_view_hash out[EMP_STAGE_MOST], size_t* count);
/* Hashes one view. `side` is the assumed size of the original in pixels, at most 2^24; 0 assumes the size of the view.
 * Returns EMP_BAD_OPTION for a larger side, or EMP_BAD_GEOMETRY when the corners make no proper quadrilateral. */
emp_status emp_views_hash(emp_views* views, const emp_view* view, uint32_t side, emp_view_hash* out);
/* Moves `from` until its hash is as near to `target` as possible, with at most some 200 small hashes. Returns
 * EMP_BAD_GEOMETRY when the corners of `from` make no proper quadrilateral. */
emp_status emp_views_align(emp_views* views, const emp_view* from, const uint8_t target[EMP_HASH_BYTES],
                           emp_view_hash* out);

/* Makes a smaller copy of width·height pixels, each the mean of the pixels it stands for. Neither side may be longer
 * than that of `pixels`. `out` has rows without gaps: one sample for each grey pixel, otherwise three. Returns
 * EMP_BAD_GEOMETRY or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_shrink(const emp_pixels* pixels, uint32_t width, uint32_t height, uint8_t* out);

/* ---- Local points: places in an image that are found again in a part of it ----------------------------------------
 */

/* The most points of a local record, and of a query with both orientations of each. */
enum { EMP_LOCAL_MOST_REGISTERED = 400, EMP_LOCAL_MOST_QUERY = 2000 };
/* Room for any local record. */
enum { EMP_LOCAL_MOST_BYTES = 24 + 38 * EMP_LOCAL_MOST_REGISTERED };

/* What an original may have undergone before it became a part of the query. */
typedef enum emp_local_form EMP_ANY_NUMBER {
  EMP_LOCAL_PLAIN = 0,
  EMP_LOCAL_MIRRORED,
  EMP_LOCAL_NEGATIVE,
  EMP_LOCAL_MIRRORED_NEGATIVE
} emp_local_form;

/* What a local record says of itself. */
typedef struct emp_local_record_info {
  uint32_t width, height; /* The original in pixels. */
  uint32_t points;
  uint32_t table; /* The id of the local table. */
} emp_local_record_info;

/* Writes the local record of an original: at most `most` (1 … EMP_LOCAL_MOST_REGISTERED) points, none for a flat image.
 * `out` has room for EMP_LOCAL_MOST_BYTES; *size is what was written. A NULL `kernel` selects the best supported one.
 * Returns EMP_BAD_GEOMETRY, EMP_BAD_OPTION, EMP_BAD_KERNEL, EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_register(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t most,
                              const emp_cancel* cancel, uint8_t* out, size_t* size);
/* Checks a local record. Returns EMP_BAD_RECORD, EMP_TRUNCATED_RECORD, EMP_NEWER_RECORD, EMP_OTHER_TABLE or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_record_check(const uint8_t* record, size_t size, emp_local_record_info* out);
/* Writes the descriptors of a local record, EMP_HASH_BYTES for each point, in the record's order. It fails as
 * emp_local_record_check does. */
emp_status emp_local_record_descriptors(const uint8_t* record, size_t size, uint8_t* out);

/* The local points of a query image. Any threads may read it at the same time. */
typedef struct emp_local_query emp_local_query;
/* Extracts the points, which emp_local_query_destroy frees, and keeps nothing of `pixels`. A flat image has none.
 * Returns EMP_BAD_GEOMETRY, EMP_BAD_KERNEL, EMP_CANCELLED or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_query_create(const emp_pixels* pixels, const emp_kernel* kernel, const emp_cancel* cancel,
                                  emp_local_query** out);
/* Extracts the points that emp_local_register would write, `most` of them, in the record's order: for training and for
 * tests. It fails as emp_local_register does. */
emp_status emp_local_registered_create(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t most,
                                       const emp_cancel* cancel, emp_local_query** out);
/* Frees a query. */
void emp_local_query_destroy(emp_local_query* query);
/* Returns how many points the query has, at most EMP_LOCAL_MOST_QUERY. */
uint32_t emp_local_query_points(const emp_local_query* query);
/* Writes the descriptors of a form, EMP_HASH_BYTES for each point, in the order of the points. */
void emp_local_query_descriptors(const emp_local_query* query, emp_local_form form, uint8_t* out);

/* A point's place in pixels of the working copy, whose left and upper edges are 0; its size in the same pixels; and its
 * orientation in radians, 0 … 2π, from right to down. */
typedef struct emp_local_place {
  float x, y, sigma, angle;
} emp_local_place;
/* Writes the place of each point. */
void emp_local_query_places(const emp_local_query* query, emp_local_place* out);

enum { EMP_LOCAL_HISTOGRAM = 128 };
/* Writes what the descriptors are made of, EMP_LOCAL_HISTOGRAM bytes for each point: for training. */
void emp_local_query_histograms(const emp_local_query* query, uint8_t* out);

/* How far a candidate may be trusted. */
typedef enum emp_local_tier {
  EMP_LOCAL_NONE = 0,
  EMP_LOCAL_REVIEW, /* A person should look. */
  EMP_LOCAL_MATCH   /* A machine may act on it. */
} emp_local_tier;

/* A descriptor of the query near one of a record's. */
typedef struct emp_local_vote {
  uint32_t query, known; /* The positions of the points. */
  uint32_t distance;     /* Differing bits. */
  uint32_t mirrored;     /* 1: the query's descriptor is that of the mirrored form. */
} emp_local_vote;

/* A record that the query may show, with every vote for it. */
typedef struct emp_local_candidate {
  const uint8_t* record;
  size_t record_size;
  const emp_local_vote* votes;
  size_t vote_count;
} emp_local_candidate;

/* What verification found. With EMP_LOCAL_NONE the rest says why: too few inliers, too little support. */
typedef struct emp_local_match {
  uint32_t tier;                   /* An emp_local_tier. */
  uint32_t mirrored;               /* 1 where the query shows the original mirrored. */
  uint32_t inliers;                /* Votes that agree with one map from the original to the query. */
  uint32_t support;                /* Points of the original that the query has where the map puts them. */
  uint32_t seen;                   /* Points of the original that the query could show. */
  double distance;                 /* The mean of the differing bits of the support. */
  double x[4], y[4];               /* The original's corners in the query, as emp_view has them. */
  double left, top, right, bottom; /* The box of the support, as shares of the original's sides. */
} emp_local_match;

/* A query's points, prepared for any number of candidates. Any threads may read it at the same time. */
typedef struct emp_local_verifier emp_local_verifier;
/* Prepares a query, which emp_local_verifier_destroy frees. `plain` and `mirrored` are the descriptors of these two
 * forms, or with `negative` 1 those of the two negative forms. They are copied, and `query` is not kept. Returns
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_verifier_create(const emp_local_query* query, const uint8_t* plain, const uint8_t* mirrored,
                                     int negative, emp_local_verifier** out);
/* Frees a verifier. */
void emp_local_verifier_destroy(emp_local_verifier* verifier);
/* Finds where the query shows the record's original. The thresholds of the tiers rise with `images`, the number of
 * images in the list. The work is bounded, whatever the votes. Returns EMP_BAD_OPTION when a vote names a point that
 * there is not, what emp_local_record_check returns, or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_local_verify(const emp_local_verifier* verifier, const emp_local_candidate* candidate, uint64_t images,
                            emp_local_match* out);

/* ---- Video: which stretches of two videos are the same --------------------------------------------------------- */

/* A video as hashes in the order of time, either of frames or of runs of frames that are nearly the same. */
typedef struct emp_video {
  const uint8_t* hashes; /* count·32 bytes. */
  const double* from;    /* Seconds, not descending. */
  const double* to;      /* The end of each run in seconds; equal to `from` for a frame. */
  size_t count;          /* Below 2^31. */
  double duration;       /* Seconds. */
  double spacing;        /* Seconds between two samples of the video, for example 1 with one hash a second. */
} emp_video;

/* A pair of hashes near each other, around which the alignment searches. */
typedef struct emp_video_near {
  uint32_t query, known;
} emp_video_near;

typedef struct emp_video_options {
  uint32_t radius;              /* 0 … 256: up to this distance two hashes show the same image by themselves. */
  uint32_t support_radius;      /* radius … 256: up to this distance they support a stretch, less with distance. */
  double min_speed, max_speed;  /* 0.1 … 10. */
  const emp_video_near* places; /* NULL searches everywhere, which suits two videos of minutes. */
  size_t place_count;
  const float* weights;         /* How much each query hash counts, 0 … 1. NULL makes all 1. */
  const float* partial_weights; /* The same for stretches that are only a part of both videos. NULL makes all 1. */
  int include_weak;             /* 1 also returns stretches whose evidence is too weak for a match. */
  emp_cancel cancel;
} emp_video_options;

/* A stretch of the query that is the same as a stretch of the known video. Times are in seconds. */
typedef struct emp_video_segment {
  double query_from, query_to, known_from, known_to;
  double speed;        /* Seconds of the known video in one second of the query. */
  double distance;     /* The mean number of differing bits. */
  double share;        /* The share of samples on the sparser side that match, 0 … 1. */
  double evidence;     /* How many distinct images match, by weight, at most one a second. */
  double static_share; /* The share of time in which nothing moves, 0 … 1; -1 where neither side is dense enough. */
  uint32_t nearest, matches;
} emp_video_segment;

enum { EMP_VIDEO_SEGMENTS = 64 };

/* A rectangle in an image. Its sides are shares of the image's width and height, 0 … 1. */
typedef struct emp_box {
  float left, top, right, bottom;
} emp_box;

enum { EMP_BOXES_MOST = 13, EMP_BOX_LEAST = 32 };
/* Finds rectangles of a frame that may contain another image: within borders, bars or a collage. The surest come first,
 * trimmed borders before rectangles between straight edges. `out` has room for EMP_BOXES_MOST. An image with a side
 * below EMP_BOX_LEAST pixels has none. Returns EMP_BAD_GEOMETRY, EMP_BAD_KERNEL or EMP_OUT_OF_MEMORY on failure. */
emp_status emp_frame_boxes(const emp_pixels* pixels, emp_box* out, size_t* count);

/* Scores how synthetic an image looks: the percentage of its change in brightness that is in the tenth of it where it
 * changes most. Most camera images are below 50; cards, countdowns and test patterns are above 57; an image of one
 * colour has 100. An image with a side below 64 pixels has 0, which says nothing. Returns EMP_BAD_GEOMETRY when the
 * pixels do not fit. */
emp_status emp_synthetic_score(const emp_pixels* pixels, uint32_t* percent);

/* Finds the stretches that both videos share, ordered by their place in the query. Gaps, another order and repeats are
 * allowed. *count is at most EMP_VIDEO_SEGMENTS. Returns EMP_BAD_RADIUS, EMP_BAD_OPTION, EMP_CANCELLED or
 * EMP_OUT_OF_MEMORY on failure. */
emp_status emp_video_align(const emp_video* query, const emp_video* known, const emp_video_options* options,
                           emp_video_segment segments[EMP_VIDEO_SEGMENTS], size_t* count);

#ifdef __cplusplus
}
#endif
#endif
