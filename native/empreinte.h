/* empreinte: the public header of the core. It includes one header a subject.
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

#include "empreinte/status.h"
#include "empreinte/kernel.h"
#include "empreinte/pixels.h"
#include "empreinte/hash.h"
#include "empreinte/lists.h"
#include "empreinte/index.h"
#include "empreinte/search.h"
#include "empreinte/views.h"
#include "empreinte/local.h"
#include "empreinte/video.h"

#endif
