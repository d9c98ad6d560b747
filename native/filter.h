/* The seccomp filter that stops the traced calls, and no other. */
#ifndef RPZ_FILTER_H
#define RPZ_FILTER_H

#include "arch/abi.h"

/* Install the filter in the calling process; it outlives exec and is inherited. False: errno. */
bool filter_install(void);
/* The same, but calls that only look are told of by user notification (notify.h). Returns the
 * listener, or -1: that can't be had. */
int filter_install_listener(void);
/* Whether all that ROW's call with these arguments can do is look. */
bool only_looks(const struct syscall_row *row, const uint64_t *args);
/* The traced call of this number (seccomp_data.arch and .nr) and its ABI; NULL: it isn't traced. */
const struct syscall_row *filter_row(uint32_t arch, uint64_t number, const struct abi **abi);

#endif
