/* The code that a process has mapped: proc_pid_maps(5). */
#ifndef RPZ_MAPS_H
#define RPZ_MAPS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* One mapping that can be executed. */
struct mapping {
  uint64_t start, end, offset;
  unsigned major, minor;
  uint64_t inode;
  char path[PATH_MAX]; /* as the process sees it, or such as [vdso]; or empty */
};

struct maps {
  FILE *file;
  uint64_t next; /* the address from which on they weren't read */
  char *line;
  size_t capacity;
};

/* False: it can't be looked at. */
bool maps_open(struct maps *maps, pid_t pid);
/* The next one, by address. False: there is none. */
bool maps_next(struct maps *maps, struct mapping *mapping);
/* The same by reading text, as before Linux 6.11: some hundred microseconds for a large program. */
bool maps_next_line(struct maps *maps, struct mapping *mapping);
void maps_close(struct maps *maps);

#endif
