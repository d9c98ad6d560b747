/* The memory that is shared with accelerated processes, in files without a name: one for all with
 * the code, and each process's own with its log, which no other can map. */
#ifndef RPZ_PAGES_H
#define RPZ_PAGES_H

#include "layout.h"

#include <stdbool.h>

/* Make it, with the code in it. False: it can't be had. */
bool pages_open(void);
/* The code, which nobody who gets this descriptor can write: processes of other users run it. */
int pages_code(void);
/* What holds for all processes. */
struct common *pages_common(void);
/* Map an empty log for a process, which is to be given *FD. NULL: none can be had. */
struct log *pages_new_log(int *fd);
/* The process has it no longer. ALONE: nor has a copy of it. FD: negative, if it was closed. */
void pages_free_log(struct log *log, int fd, bool alone);

#endif
