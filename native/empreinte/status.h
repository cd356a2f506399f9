/* What a call answers, and how long work is ended early. */
#ifndef EMPREINTE_STATUS_H
#define EMPREINTE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* For enumerations that callers pass in: the core checks the value, so it may be any number in C++, too. */
#ifdef __cplusplus
#define EMP_ANY_NUMBER : unsigned
#else
#define EMP_ANY_NUMBER
#endif

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

#ifdef __cplusplus
}
#endif
#endif
