/* Which path a folder has that a process has named by a descriptor, which it may have closed since.
 */
#ifndef RPZ_FOLDERS_H
#define RPZ_FOLDERS_H

#include "../names.h"

/* The folder is at NAME. */
void folder_is(uint64_t device, uint64_t inode, struct name *name);
/* Where it was last; NULL: it isn't known. *CERTAIN: no names have changed since. */
struct name *folder_at(uint64_t device, uint64_t inode, bool *certain);

#endif
