/* On which processor a traced task goes on after a stop. */
#ifndef RPZ_PLACEMENT_H
#define RPZ_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Learn what is allowed here; before the first task is resumed. */
void placement_begin(void);
/* TID is about to be resumed, SINCE_LAST nanoseconds after it was the last time; QUICK is how many
 * of its stops in a row came so soon. True: it was bound to our processor, and placement_release
 * has to follow. */
bool placement_hold(pid_t tid, uint64_t since_last, unsigned *quick);
/* What is between gives back processors: nobody is to ask for them before that is done. */
void placement_begins_release(void);
void placement_ends_release(void);
/* TID was resumed: give it back the processors that it had. */
void placement_release(pid_t tid);

/* TID, a child that has no program of its own yet, and whose maker sleeps, is to stay on our
 * processor until placement_forget: the kernel chooses another one, mostly one that sleeps, for
 * each new program. True: it does. */
bool placement_keep(pid_t tid);
/* It is kept no longer; true: it was, and placement_dismiss has to follow. */
bool placement_forget(pid_t tid);
/* TID, which sleeps, is about to be woken: it is to be on our processor. True: it will, and
 * placement_dismiss has to follow. */
bool placement_call(pid_t tid);
/* It may run everywhere again. */
void placement_dismiss(pid_t tid);
/* Whether a task that has stopped so often in a row, of COUNT in all, has the processor mostly to
 * itself: others would have to wait for each other. */
bool placement_is_alone(unsigned quick, size_t count);

/* CHILD, which has not run yet, may have been made while its PARENT was bound (0: not known). */
void placement_inherit(pid_t child, pid_t parent);
/* TID, which is stopped, asks for its processors: don't bind it at its next resume. */
void placement_skip(pid_t tid);
/* The run arranges processors itself: never bind again. */
void placement_stop(void);

/* This thread, which a bound one has made, may run anywhere. */
void placement_leave(void);

#endif
