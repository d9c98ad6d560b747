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

/* Open what the kernel tells of a process, which is to be alive: of one that has ended, only root
 * may. Negative: it can't be opened now, or too many are open. */
int traffic_open(pid_t pid);
void traffic_close(int file);
/* What a process has read and written, until it is collected. False: the kernel doesn't tell.
 * FILE: what was opened, or negative. */
bool traffic_of(pid_t pid, int file, struct traffic *traffic);

#endif
