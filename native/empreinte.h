/* empreinte: the only door to the core.
 *
 * A C interface: status codes, plain structs, opaque handles. Nothing here throws, keeps global state or does I/O.
 * Every function may be called from any thread; what a handle allows at the same time is said beside it.
 */
#ifndef EMPREINTE_H
#define EMPREINTE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ------------------------------------------------------------------------------------------------- */

typedef enum emp_status {
  EMP_OK = 0,
  EMP_CANCELLED,         /* the caller's emp_cancel said stop */
  EMP_OUT_OF_MEMORY,     /* an allocation failed; nothing was changed */
  EMP_BAD_GEOMETRY,      /* width, height, channels, stride and buffer size do not fit together */
  EMP_BAD_KERNEL,        /* no kernel of that name, or this processor cannot run it */
  EMP_BAD_RADIUS,        /* a radius outside 0 … 256 */
  EMP_BAD_OPTION,        /* an option outside its range */
  EMP_DUPLICATE_ID,      /* an id that is already in the index, or twice among those to add */
  EMP_UNKNOWN_ID,        /* an id that is not in the index */
  EMP_FOREIGN_FILE,      /* not an index file */
  EMP_NEWER_FILE,        /* an index file of a later version */
  EMP_OLDER_FILE,        /* an index file of a version that is no longer read */
  EMP_CORRUPT_FILE,      /* an index file that is cut or changed */
  EMP_WRITE_FAILED,      /* the caller's emp_writer said no */
  EMP_BAD_HASH_LENGTH,   /* hash text of the wrong length */
  EMP_BAD_HASH_CHARACTER /* hash text with a character that is neither hex nor base64 */
} emp_status;

/* One sentence, without the input's bytes. */
const char* emp_status_message(emp_status status);

/* Asked now and then during long work; a non-zero answer ends it with EMP_CANCELLED. `poll` may be NULL. */
typedef struct emp_cancel {
  int (*poll)(void* context);
  void* context;
} emp_cancel;

/* ---- Kernels: one implementation an instruction set, all bit-identical ----------------------------------------- */

typedef struct emp_kernel emp_kernel;

size_t emp_kernel_count(void);
/* In the order of preference, best first. NULL when `i` is out of range. */
const emp_kernel* emp_kernel_at(size_t i);
const char* emp_kernel_name(const emp_kernel* kernel);         /* "avx512" */
const char* emp_kernel_instructions(const emp_kernel* kernel); /* what it needs of a processor, for people */
int emp_kernel_supported(const emp_kernel* kernel);            /* 1 when this processor has what it needs */
/* By name; the best supported one for NULL or "". EMP_BAD_KERNEL otherwise. */
emp_status emp_kernel_find(const char* name, const emp_kernel** out);

/* ---- Hashing ------------------------------------------------------------------------------------------------- */

enum { EMP_HASH_BYTES = 32, EMP_DIHEDRAL_COUNT = 8, EMP_GRID = 64, EMP_COEFFICIENTS = 16 };

/* Interleaved 8-bit samples, row-major. Row y begins at data + y·stride.
 * channels: 1 grey, 3 RGB, 4 RGBA (alpha is ignored, as the reference does). */
typedef struct emp_pixels {
  const uint8_t* data;
  size_t size; /* bytes that may be read from data */
  uint32_t width, height, channels;
  size_t stride; /* bytes from one row to the next, ≥ width·channels */
} emp_pixels;

/* EMP_OK when every sample lies inside `size` bytes and the sides are 1 … 2^24. */
emp_status emp_pixels_check(const emp_pixels* pixels);

typedef enum emp_way {
  EMP_WAY_AUTO = 0, /* separable weights where their certificate holds, else exact: always the exact way's answer */
  EMP_WAY_EXACT,    /* the reference's order of float operations, streaming */
  EMP_WAY_WEIGHTS   /* separable weights without the certificate: for tests and benchmarks, may differ */
} emp_way;

typedef enum emp_compat {
  EMP_COMPAT_NONE = 0,
  EMP_COMPAT_CPP_CLI /* first to 512×512, nearest neighbour, when a side is above 512, as the C++ tool does */
} emp_compat;

typedef struct emp_hash_options {
  const emp_kernel* kernel; /* NULL: the best supported */
  emp_way way;
  emp_compat compat;
  int dihedral; /* 1: fill all eight dihedral hashes */
  emp_cancel cancel;
} emp_hash_options;

typedef enum emp_way_taken { EMP_TOOK_NONE = 0, EMP_TOOK_EXACT, EMP_TOOK_WEIGHTS, EMP_TOOK_FALLBACK } emp_way_taken;

/* A hash is stored most significant byte first: byte 0 holds the first two hex digits.
 * dihedral, in this order: orig rot90 rot180 rot270 flipX flipY flipPlus1 flipMinus1. */
typedef struct emp_hash_result {
  uint8_t hash[EMP_HASH_BYTES];
  uint8_t dihedral[EMP_DIHEDRAL_COUNT][EMP_HASH_BYTES];
  int32_t quality;     /* 0 … 100 */
  int32_t stable;      /* 0 when the largest |coefficient| is below 0.1: such a hash is rounding noise */
  emp_way_taken taken; /* NONE when a side is below 5 pixels: the all-zero hash, quality 0 */
} emp_hash_result;

emp_status emp_hash(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result);

/* The intermediate buffers of one hash, for known-answer and differential tests. */
typedef struct emp_hash_trace {
  float grid[EMP_GRID * EMP_GRID];                         /* after filter and decimation, row-major */
  float coefficients[EMP_COEFFICIENTS * EMP_COEFFICIENTS]; /* i vertical, j horizontal frequency */
  float median;
} emp_hash_trace;

/* As emp_hash with EMP_WAY_EXACT or EMP_WAY_WEIGHTS (AUTO is EMP_BAD_OPTION), for sides of at least 5 pixels. */
emp_status emp_hash_traced(const emp_pixels* pixels, const emp_hash_options* options, emp_hash_result* result,
                           emp_hash_trace* trace);
/* Luma of row y into `out` (width floats). */
emp_status emp_luma_row(const emp_pixels* pixels, const emp_kernel* kernel, uint32_t y, float* out);

/* ---- Samples that are not 8-bit grey or RGB -------------------------------------------------------------------- */

/* `samples` 16-bit native-endian values in `buffer` become as many 8-bit ones, v → round(v/257), in place. */
void emp_repack_16_to_8(uint8_t* buffer, size_t samples);
/* `pixels` CMYK quadruples (255 = full ink) become RGB triples in place: R = round((255−C)(255−K)/255), … */
void emp_repack_cmyk_to_rgb(uint8_t* buffer, size_t pixels);
/* Every second (grey + alpha) sample is kept, in place. */
void emp_repack_drop_alpha(uint8_t* buffer, size_t pixels);
/* Luma of video's limited range (16 … 235) becomes that of the full one, v → round((v−16)·255/219), in place. `kernel`
 * NULL: the best supported. */
void emp_repack_limited_luma(const emp_kernel* kernel, uint8_t* buffer, size_t samples);

/* ---- Hash values --------------------------------------------------------------------------------------------- */

/* Hex (64 digits, either case, optional 0x, surrounding white space) or base64 (44 characters with '=', 43 without;
 * the URL alphabet too). */
emp_status emp_hash_parse(const char* text, size_t length, uint8_t out[EMP_HASH_BYTES]);
/* 64 lower-case digits, not terminated. */
void emp_hash_to_hex(const uint8_t hash[EMP_HASH_BYTES], char out[64]);
uint32_t emp_hash_distance(const uint8_t a[EMP_HASH_BYTES], const uint8_t b[EMP_HASH_BYTES]);

/* Why a hash would match unrelated pictures; EMP_DEGENERATE_NONE for an ordinary one. */
typedef enum emp_degenerate {
  EMP_DEGENERATE_NONE = 0,
  EMP_DEGENERATE_ALL_ZERO,
  EMP_DEGENERATE_ALL_ONE,
  EMP_DEGENERATE_UNBALANCED, /* fewer than 64 or more than 192 bits set; a PDQ hash has 128 or just under */
  EMP_DEGENERATE_PERIODIC    /* one 1-, 2- or 4-byte pattern, or one row of 16 bits, throughout */
} emp_degenerate;
emp_degenerate emp_hash_degenerate(const uint8_t hash[EMP_HASH_BYTES]);
const char* emp_degenerate_message(emp_degenerate reason);

/* ---- List files ---------------------------------------------------------------------------------------------- */

typedef enum emp_list_form {
  EMP_LIST_UNKNOWN = 0, /* no line that could be read so far */
  EMP_LIST_PLAIN,       /* <hash>, or <hash>,<metadata> */
  EMP_LIST_SIGNALS,     /* <signal type> <signal> */
  EMP_LIST_SIGNAL_CSV   /* header signal_type,signal_str,collab,category,tags */
} emp_list_form;

typedef enum emp_list_problem {
  EMP_LIST_BAD_HASH_LENGTH = 0,
  EMP_LIST_BAD_HASH_CHARACTER,
  EMP_LIST_NUL_BYTE,
  EMP_LIST_LINE_TOO_LONG, /* above 65,536 bytes */
  EMP_LIST_OTHER_SIGNAL,  /* a signal type that is not pdq */
  EMP_LIST_MISSING_FIELD,
  EMP_LIST_OPEN_QUOTE, /* a quoted field that never ends */
  EMP_LIST_DEGENERATE_ALL_ZERO,
  EMP_LIST_DEGENERATE_ALL_ONE,
  EMP_LIST_DEGENERATE_UNBALANCED,
  EMP_LIST_DEGENERATE_PERIODIC
} emp_list_problem;
const char* emp_list_problem_message(emp_list_problem problem);

/* Called while emp_list_feed and emp_list_finish run; spans are valid during the call only. Lines count from 1. */
typedef struct emp_list_sink {
  void* context;
  void (*entry)(void* context, uint64_t line, const uint8_t hash[EMP_HASH_BYTES], const char* metadata,
                size_t metadata_length);
  void (*problem)(void* context, uint64_t line, emp_list_problem problem);
} emp_list_sink;

/* A reader keeps at most one line; one thread at a time. */
typedef struct emp_list emp_list;
emp_status emp_list_create(int allow_degenerate, emp_list** out);
emp_status emp_list_feed(emp_list* list, const uint8_t* data, size_t size, const emp_list_sink* sink);
emp_status emp_list_finish(emp_list* list, const emp_list_sink* sink);
emp_list_form emp_list_get_form(const emp_list* list);
void emp_list_destroy(emp_list* list);

/* ---- Search -------------------------------------------------------------------------------------------------- */

/* An index of (id, hash, bank): ids are the caller's, below 2^53, each once; a hash may stand under many; a bank is a
 * number 0 … 255 to filter by. One writer or several, readers at any time: a search works on a snapshot, the state of
 * one revision, and is never blocked by a change. */
typedef struct emp_index emp_index;
typedef struct emp_snapshot emp_snapshot;

/* `tables` of a large part: 16; 8, every second one, for 40 bytes a hash less and some ten times the query time; or 0,
 * rows only, which are scanned. With 16, parts of more than 2^24 rows have 13, of longer chunks; asked for here, every
 * large part has them. */
emp_status emp_index_create(uint32_t tables, emp_index** out);
void emp_index_destroy(emp_index* index);

/* All or nothing. `hashes` is count·32 bytes; `banks` may be NULL (all 0). */
emp_status emp_index_add(emp_index* index, const uint64_t* ids, const uint8_t* hashes, const uint8_t* banks,
                         size_t count);
/* All or nothing: EMP_UNKNOWN_ID when one is not there. A search that takes its snapshot after this returned never
 * finds a removed entry again. */
emp_status emp_index_remove(emp_index* index, const uint64_t* ids, size_t count);
/* Another hash and bank under an id that is there; no reader sees neither or both. */
emp_status emp_index_replace(emp_index* index, uint64_t id, const uint8_t* hash, uint8_t bank);
int emp_index_has(emp_index* index, uint64_t id);
/* The hash of an id. EMP_UNKNOWN_ID. */
emp_status emp_index_get(emp_index* index, uint64_t id, uint8_t hash[EMP_HASH_BYTES]);
/* Removes everything. */
emp_status emp_index_clear(emp_index* index);

/* One step of what keeps searches fast: joins parts into a larger one with tables. May run on any thread beside readers
 * and writers; one at a time (another call answers EMP_OK with *more = 0). *more: whether another step is due.
 * `room`: bytes that a part of more than 2^24 rows may take while those it is made of are still there; 0: none such is
 * made, but those that are there stay. From 3·2^23 rows to 3·2^25, some 114 bytes each and 8 more while it is built. */
emp_status emp_index_maintain(emp_index* index, uint64_t room, const emp_cancel* cancel, int* more);
/* Makes a part of the newest rows, so that the steps after it reach every row. */
emp_status emp_index_flush(emp_index* index);
/* Whether a step is due. */
int emp_index_wants_maintenance(emp_index* index, uint64_t room);

typedef struct emp_index_stats {
  uint64_t rows;     /* that a search can find */
  uint64_t removed;  /* tombstones: rows that a later step gives back */
  uint64_t delta;    /* newest rows, not yet in a part */
  uint64_t parts;    /* immutable parts */
  uint64_t indexed;  /* rows in parts with tables */
  uint64_t bytes;    /* memory of all that, */
  uint64_t mapped;   /* and of it, what is the file's; */
  uint64_t resident; /* and all of it that is in memory now */
  uint64_t revision; /* grows with every change */
} emp_index_stats;
void emp_index_get_stats(emp_index* index, emp_index_stats* out);

/* ---- Index files (search/FORMAT.md) ---- */

/* Takes bytes in order; non-zero ends the work with EMP_WRITE_FAILED. */
typedef struct emp_writer {
  int (*write)(void* context, const void* data, size_t size);
  void* context;
} emp_writer;
/* Writes what the snapshot sees; nothing of a removed row is in the file. */
emp_status emp_snapshot_save(const emp_snapshot* snapshot, const emp_writer* writer, const emp_cancel* cancel);

/* An index on a file that lies in memory at `data`, 64-byte aligned: usually a mapping. Header, lengths and structure
 * are checked at once, so that no search reads outside it whatever the rest holds; emp_index_verify checks the rest.
 * The memory must stay until `release(context)`, which comes when the index and its snapshots are gone, or before this
 * answers anything but EMP_OK. */
typedef struct emp_file {
  const uint8_t* data;
  size_t size;
  void (*release)(void* context);
  size_t (*resident)(void* context); /* how much of it is in memory now; may be NULL */
  void* context;
} emp_file;
emp_status emp_index_open(const emp_file* file, emp_index** out);
/* Every checksum and every table of the file's parts that are still in use. EMP_CORRUPT_FILE when one is wrong. */
emp_status emp_index_verify(emp_index* index, const emp_cancel* cancel);
/* Copies the file's parts into memory of the index's own, in huge pages where the system gives them, and checks their
 * checksums on the way. */
emp_status emp_index_warm(emp_index* index, const emp_cancel* cancel);

emp_status emp_index_snapshot(emp_index* index, emp_snapshot** out);
void emp_snapshot_release(emp_snapshot* snapshot);

typedef enum emp_search_way {
  EMP_SEARCH_AUTO = 0,    /* what is measured fastest for the size, the radius and the batch */
  EMP_SEARCH_SCAN,        /* every row, whole, query after query */
  EMP_SEARCH_COLUMNS,     /* every row, most of them on their first 96 or 128 bits only */
  EMP_SEARCH_TILED,       /* a tile of rows for all queries, then the next */
  EMP_SEARCH_MULTI_INDEX, /* through the tables, wherever a part has them and the radius is at most 79 (lean: 39) */
} emp_search_way;

typedef struct emp_search_options {
  const emp_kernel* kernel; /* NULL: the best supported */
  emp_search_way way;
  uint32_t radius;   /* 0 … 256 */
  uint32_t limit;    /* keep the nearest so many of each query; 0: all */
  int filter;        /* 1: only entries of these banks */
  uint64_t banks[4]; /* 256 bits, bank 0 the lowest of the first */
  emp_cancel cancel;
} emp_search_options;

typedef struct emp_hit {
  uint64_t id;
  uint32_t query; /* position of the query in its batch */
  uint32_t distance;
} emp_hit;

/* One search, in slices: a long one need not hold a thread of a shared pool. It keeps the state of the snapshot it was
 * made on. One thread at a time. */
typedef struct emp_searcher emp_searcher;
/* For each query every entry within the radius; or, with `nearest`, the `limit` nearest ones within it, exactly, ties
 * going to the smaller id (`limit` is then at least 1). */
emp_status emp_searcher_create(const emp_snapshot* snapshot, const uint8_t* queries, size_t query_count,
                               const emp_search_options* options, int nearest, emp_searcher** out);
/* Goes on for about `budget` row comparisons (some 0.4 ns each; UINT64_MAX: to the end). */
emp_status emp_searcher_run(emp_searcher* searcher, uint64_t budget, int* done);
/* When done: the hits, sorted by query, distance, id; valid as long as the searcher. */
void emp_searcher_hits(const emp_searcher* searcher, const emp_hit** hits, size_t* count);
void emp_searcher_destroy(emp_searcher* searcher);

/* ---- Variants: other hashes of a query, by what may have been done to it ----------------------------------------- */

/* Which idea a view comes from. */
typedef enum emp_view_kind {
  EMP_VIEW_WHOLE = 0,
  EMP_VIEW_TRIMMED,       /* without border, bars, letterbox */
  EMP_VIEW_PART,          /* a picture inside an interface */
  EMP_VIEW_RECTANGLE,     /* between long straight edges */
  EMP_VIEW_QUADRILATERAL, /* in perspective */
  EMP_VIEW_HALF,          /* of a collage */
  EMP_VIEW_ZOOM_IN,
  EMP_VIEW_ZOOM_OUT,
  EMP_VIEW_ROTATION,
  EMP_VIEW_ALIGNED
} emp_view_kind;

/* Where in the picture an assumed original lies: its corners, top left, top right, bottom right, bottom left, as shares
 * of the picture's width and height. Outside 0 … 1 the picture is continued by its own edge. */
typedef struct emp_view {
  float x[4], y[4];
  uint32_t kind;   /* emp_view_kind */
  uint32_t turned; /* the orientation the corners are in, in the order of emp_hash_result.dihedral */
} emp_view;

typedef struct emp_variant {
  emp_view view;
  uint8_t hash[EMP_HASH_BYTES];
  int32_t quality, stable; /* as in emp_hash_result */
} emp_variant;

typedef enum emp_variant_stage {
  EMP_STAGE_TURNED = 0, /* the other orientations */
  EMP_STAGE_DETECTED,   /* what the picture was put into taken away */
  EMP_STAGE_FIXED,      /* parts of a collage, small crops and turns */
  EMP_STAGE_WIDE        /* larger ones, to start an alignment from */
} emp_variant_stage;

enum { EMP_STAGE_MOST = 64 };

/* A picture reduced to what variants are made of; nothing of `pixels` is kept. Sides of at least 5 pixels, or
 * EMP_BAD_GEOMETRY. Calls on one handle from one thread at a time. */
typedef struct emp_variants emp_variants;
emp_status emp_variants_create(const emp_pixels* pixels, const emp_kernel* kernel, emp_variants** out);
void emp_variants_destroy(emp_variants* variants);
/* The share of pixels in the fullest of 16³ colour cells, 0 … 1: 0.8 and more in text screens, charts, title cards. */
float emp_variants_flatness(const emp_variants* variants);
/* The variants of a stage, those of most worth first, without those within 2 bits of one that was given before. At most
 * EMP_STAGE_MOST, whatever the picture. */
emp_status emp_variants_stage(emp_variants* variants, emp_variant_stage stage, const emp_cancel* cancel,
                              emp_variant out[EMP_STAGE_MOST], size_t* count);
/* Hashes these views. `side`: the size of the original to assume, in pixels; 0: as large as its view. */
emp_status emp_variants_hash(emp_variants* variants, const emp_view* view, uint32_t side, emp_variant* out);
/* Moves `from` until its hash is as near `target` as it gets, in at most some 200 small hashes. */
emp_status emp_variants_align(emp_variants* variants, const emp_view* from, const uint8_t target[EMP_HASH_BYTES],
                              emp_variant* out);

/* A smaller copy: `width` by `height` pixels, neither side longer than that of `pixels`, each the mean of what it
 * stands for. `out` has rows without gaps: of grey pixels one sample each, of others three. */
emp_status emp_shrink(const emp_pixels* pixels, uint32_t width, uint32_t height, uint8_t* out);

/* ---- Video: which stretches of two videos are the same --------------------------------------------------------- */

/* A video as hashes in the order of time: of frames, or of runs of frames that are nearly the same. */
typedef struct emp_video {
  const uint8_t* hashes; /* count·32 bytes */
  const double* from;    /* seconds, not descending */
  const double* to;      /* the end of each run; of a frame the same as from */
  size_t count;          /* below 2^31 */
  double duration;       /* seconds */
  double spacing;        /* seconds between two looks at the video: 1 of a list with one hash a second */
} emp_video;

/* A place to look at: this query hash was found near this known one. */
typedef struct emp_video_near {
  uint32_t query, known;
} emp_video_near;

typedef struct emp_video_options {
  uint32_t radius;              /* 0 … 256: two hashes by themselves are the same picture */
  uint32_t wide;                /* radius … 256: they support a stretch, the less the farther */
  double min_speed, max_speed;  /* 0.1 … 10 */
  const emp_video_near* places; /* NULL: everywhere, for two videos of minutes */
  size_t place_count;
  const float* weights; /* of each query hash, 0 … 1: how much it says. NULL: all 1 */
  const float* worth;   /* the same, for stretches that are only a part of both videos. NULL: all 1 */
  int everything;       /* 1: also the stretches that say too little for a match */
  emp_cancel cancel;
} emp_video_options;

typedef struct emp_video_segment {
  double query_from, query_to, known_from, known_to; /* seconds */
  double speed;                                      /* seconds of the known video that pass in one of the query */
  double distance;                                   /* mean of the bits that differ */
  double share;    /* of the stretch's samples on the sparser side, those that match */
  double evidence; /* distinct pictures in it, by weight, at most one a second */
  double still;    /* share of time in which nothing moves; -1 where neither side was looked at often enough */
  uint32_t nearest, matches;
} emp_video_segment;

enum { EMP_VIDEO_SEGMENTS = 64 };

/* A part of a picture, its sides as shares of the picture's, 0 … 1. */
typedef struct emp_box {
  float left, top, right, bottom;
} emp_box;

enum { EMP_BOXES_MOST = 13, EMP_BOX_LEAST = 32 };
/* Where in a picture another one may lie that was put into a frame, between bars or onto a third: what looks surest
 * first, what is left without uniform sides before what lies between straight edges. `out` has room for EMP_BOXES_MOST.
 * None in a picture with a side below EMP_BOX_LEAST pixels. */
emp_status emp_frame_boxes(const emp_pixels* pixels, emp_box* out, size_t* count);

/* How much a picture looks drawn: the percentage of its change in brightness that lies in the tenth of it where it
 * changes most. Below 50 of most that a camera saw, above 57 of cards, countdowns and test patterns; 100 of one colour;
 * 0 where a side is below 64 pixels, of which this is not told. */
emp_status emp_drawn(const emp_pixels* pixels, uint32_t* percent);

/* The stretches that both videos have, by where they stand in the query. Gaps, another order and repeats are allowed.
 * At most EMP_VIDEO_SEGMENTS. */
emp_status emp_video_align(const emp_video* query, const emp_video* known, const emp_video_options* options,
                           emp_video_segment segments[EMP_VIDEO_SEGMENTS], size_t* count);

#ifdef __cplusplus
}
#endif
#endif
