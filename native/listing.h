/* What is in the folders that are opened for reading. */
#ifndef RPZ_LISTING_H
#define RPZ_LISTING_H

#include "names.h"
#include "task.h"

#include <sys/stat.h>

/* Record what is in a folder, unless it was since the folder's last change. STATUS is what the
 * folder is, NULL: not known. */
void note_listing(const struct task *task, struct name *folder, const struct stat *status);

#endif
