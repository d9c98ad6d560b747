/* The libraries of a process whose calls can be redirected. */
#ifndef RPZ_LIBRARIES_H
#define RPZ_LIBRARIES_H

#include "sites.h"

#include <stdbool.h>
#include <sys/types.h>

/* One that is mapped: what is at ADDRESS of its file's table is at BASE + ADDRESS in the process.
 */
struct library {
  const struct site_table *table;
  uint64_t base;
};

enum { MOST_LIBRARIES = 4 };

struct libraries {
  struct library found[MOST_LIBRARIES];
  size_t count;
  uint64_t clock;           /* the kernel's clock_gettime in the process; 0: there is none */
  uint64_t code, code_size; /* the mapping of code that was asked about */
  bool in_loader;           /* which is of the loader, as long as there is another libc */
};

/* Look at what process PID has mapped; ADDRESS is one of its code. False: nothing can be
 * redirected. */
bool libraries_of(pid_t pid, uint64_t address, struct libraries *libraries);

#endif
