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
    case EMP_BAD_HASH_LENGTH:
      return "a hash is 64 hex digits, 44 base64 characters or 32 bytes";
    case EMP_BAD_HASH_CHARACTER:
      return "a hash holds only hex digits (or base64 characters)";
  }
  return "unknown status";
}
