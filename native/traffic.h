/* How much processes have read and written. */
#ifndef RPZ_TRAFFIC_H
#define RPZ_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes that went through calls such as read(2) and write(2): of a process, its threads, and the
 * children that it has waited for. */
struct traffic {
  uint64_t read;
  uint64_t written;
};

/* What a process that has ended, and was not yet collected, has read and written. False: the kernel
 * doesn't tell. */
bool traffic_of(pid_t pid, struct traffic *traffic);

#endif
