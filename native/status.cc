#include "empreinte.h"

const char* emp_status_message(emp_status status) {
  switch (status) {
    case EMP_OK:
      return "no error";
    case EMP_CANCELLED:
      return "the work was cancelled";
    case EMP_OUT_OF_MEMORY:
      return "there is not enough memory";
    case EMP_BAD_GEOMETRY:
      return "width, height, channels and stride do not fit the pixel buffer";
    case EMP_BAD_KERNEL:
      return "no kernel of that name runs on this processor";
    case EMP_BAD_RADIUS:
      return "the radius is outside 0 to 256";
    case EMP_BAD_OPTION:
      return "an option is outside its range";
    case EMP_DUPLICATE_ID:
      return "an id is in the index already, or given twice";
    case EMP_UNKNOWN_ID:
      return "an id is not in the index";
    case EMP_FOREIGN_FILE:
      return "this is not an index file";
    case EMP_NEWER_FILE:
      return "the index file was written by a newer version of empreinte";
    case EMP_OLDER_FILE:
      return "the index file is of an older version that is no longer read: build it again";
    case EMP_CORRUPT_FILE:
      return "the index file is damaged";
    case EMP_WRITE_FAILED:
      return "the index file could not be written";
    case EMP_BAD_HASH_LENGTH:
      return "a hash is 64 hex digits, 44 base64 characters or 32 bytes";
    case EMP_BAD_HASH_CHARACTER:
      return "a hash holds only hex digits (or base64 characters)";
    case EMP_BAD_RECORD:
      return "this is not a local record, or it is damaged";
    case EMP_TRUNCATED_RECORD:
      return "the local record is truncated";
    case EMP_NEWER_RECORD:
      return "the local record was made by a newer version of empreinte";
    case EMP_OTHER_TABLE:
      return "the local record was made with another table: register the original anew";
  }
  return "unknown status";
}
