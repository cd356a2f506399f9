/* List files: lines to hashes. */
#ifndef EMPREINTE_LISTS_H
#define EMPREINTE_LISTS_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif
#endif
