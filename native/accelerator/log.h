/* What accelerated threads have written down. */
#ifndef RPZ_LOG_H
#define RPZ_LOG_H

#include "layout.h"

#include <stdbool.h>
#include <stddef.h>

/* Take the oldest entry of a thread that wasn't read yet: a copy, which the process can't change,
 * its path ended by a NUL. False: there is none. *DAMAGED: what is there isn't an entry. */
bool log_take(struct log *log, size_t slot, struct entry *entry, char *path, bool *damaged);
/* Whether there is one. */
bool log_has_more(const struct log *log, size_t slot);

#endif
