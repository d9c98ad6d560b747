/* What accelerated threads have written down. */
#ifndef RPZ_LOG_H
#define RPZ_LOG_H

#include "layout.h"

#include <stdbool.h>
#include <stddef.h>

/* How far a thread's ring was read, in bytes that were ever written; kept where no process can
 * change it. */
typedef uint64_t log_position;

/* Take the oldest entry of a thread that wasn't read yet, behind POSITION, which moves on: a copy,
 * which the process can't change, its path ended by a NUL. False: there is none. *DAMAGED: what is
 * there isn't an entry. */
bool log_take(struct log *log, size_t slot, log_position *position, struct entry *entry, char *path,
              bool *damaged);
/* Whether there is one. */
bool log_has_more(const struct log *log, size_t slot, log_position position);
/* Whether memory that was read is given back, and taken again when it is written: for where there
 * are many logs. */
void log_be_sparing(bool sparing);

#endif
