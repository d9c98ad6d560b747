/* The memory that is shared with accelerated processes: two files without a name for all of them.
 */
#ifndef RPZ_PAGES_H
#define RPZ_PAGES_H

#include "layout.h"

#include <stdbool.h>

/* Make it, with the code in it. False: it can't be had. */
bool pages_open(void);
/* The code, which nobody who gets this descriptor can write: processes of other users run it. */
int pages_code(void);
/* The logs. */
int pages_logs(void);
/* What holds for all processes. */
struct common *pages_common(void);
/* Map an empty log of a process; *OFFSET: where it is in the file. NULL: no more can be had. */
struct log *pages_new_log(uint64_t *offset);
/* The process has it no longer. */
void pages_free_log(struct log *log, uint64_t offset);

#endif
