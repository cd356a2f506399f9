/* Kernels: one implementation for each instruction set, all bit-identical. */
#ifndef EMPREINTE_KERNEL_H
#define EMPREINTE_KERNEL_H

#include <stddef.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif
#endif
