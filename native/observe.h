/* What a call does, however we have come to know of it. */
#ifndef RPZ_OBSERVE_H
#define RPZ_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct call;
struct look;
struct task;

/* Look at the call that TASK is entering; if its end is awaited, task->row says so. False: it isn't
 * one of ours. */
bool observe_entry(struct task *task, const struct call *call);
/* The call of this number, one that only looks, was made by TASK. */
void observe_look(struct task *task, uint32_t number, const struct look *look);
/* It has ended with RESULT. */
void observe_end(struct task *task, int64_t result);
/* TASK has stopped for a signal. If that has cut short the wait for our answer to a notice, which
 * the call itself could not have been: the program must not see it. */
void hide_cut(struct task *task);
/* The same for a task that is followed no longer: of calls that may block it isn't known what the
 * signal has cut short. */
void hide_certain_cut(pid_t tid);

#endif
