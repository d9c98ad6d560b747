/* Calls that only look reach us by seccomp's user notification where the kernel has it: the task
 * waits inside of its call, which costs a fraction of a ptrace stop (seccomp_unotify(2)). */
#ifndef RPZ_NOTIFY_H
#define RPZ_NOTIFY_H

#include "call.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A task that waits in a call until it is let go on. */
struct notice {
  uint64_t id;
  pid_t tid;
  uint64_t address; /* of what comes after the call */
  struct call call;
};

/* Do without notifications: every traced call is a stop. */
void notify_never(void);
/* Whether they may be tried. */
bool notify_is_wanted(void);
/* Take over the listener that process PID has as its descriptor FD. False: that, or what makes
 * notifications cheap, can't be had here. */
bool notify_open(pid_t pid, int fd);
bool notify_is_open(void);
/* Whether FD is the listener. */
bool notify_uses(int fd);
/* Wait for a notice. False: there will be none. */
bool notify_receive(struct notice *notice);
/* Have the call return a copy of our descriptor FD; or EMFILE, if it can't have one. */
void notify_give(const struct notice *notice, int fd);
/* The call is not made, and fails with ERROR. */
void notify_refuse(const struct notice *notice, int error);
/* Have the kernel make the call. */
void notify_continue(const struct notice *notice);

#endif
