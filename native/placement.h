/* On which processor a traced task goes on after a stop. */
#ifndef RPZ_PLACEMENT_H
#define RPZ_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Learn what is allowed here; before the first task is resumed. */
void placement_begin(void);
/* TID is about to be resumed, SINCE_LAST nanoseconds after it was the last time; QUICK is how many
 * of its stops in a row came so soon. True: it was bound to our processor, and placement_release
 * has to follow. */
bool placement_hold(pid_t tid, uint64_t since_last, unsigned *quick);
/* TID was resumed: give it back the processors that it had. */
void placement_release(pid_t tid);
/* CHILD, which has not run yet, may have been made while its PARENT was bound (0: not known). */
void placement_inherit(pid_t child, pid_t parent);
/* The task that is stopped asks for its processors: don't bind it at its next resume. */
void placement_skip(void);
/* The run arranges processors itself: never bind again. */
void placement_stop(void);

/* This thread, which a bound one has made, may run anywhere. */
void placement_leave(void);

#endif
