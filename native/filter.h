/* The seccomp filter that stops the traced calls, and no other. */
#ifndef RPZ_FILTER_H
#define RPZ_FILTER_H

#include "arch/abi.h"

/* Install the filter in the calling process; it outlives exec and is inherited. False: errno. */
bool filter_install(void);
/* The call that a stop with the filter's DATA is about, and its ABI. */
const struct syscall_row *filter_row(uint32_t data, const struct abi **abi);

#endif
