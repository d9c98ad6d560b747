#include "resume.h"

#include "placement.h"
#include "task.h"

#include <sys/ptrace.h>

/* Who is to go on, and how; of more than one only the last waits. */
static struct going {
  pid_t tid; /* 0: nobody */
  enum __ptrace_request how;
  long signal;
  enum { AS_IT_IS, HELD, KEPT } placed;
} next;

/* A task that is gone (killed by another thread's exec or exit) can't go on, and needn't. */
void let_go(void) {
  struct going going = next;
  next.tid = 0;
  if (going.tid == 0)
    return;
  placement_begins_release();
  ptrace(going.how, going.tid, NULL, going.signal);
  if (going.placed == HELD)
    placement_release(going.tid);
  else if (going.placed == KEPT)
    placement_dismiss(going.tid);
  placement_ends_release();
}

void resume(struct task *task, int signal) {
  let_go();
  uint64_t now = monotonic_clock();
  bool seldom = task->accelerated != NULL; /* or it could see where it is held */
  bool stays = task->unplaced && placement_keep(task->tid);
  bool kept = !stays && placement_forget(task->tid);
  task->held = !seldom && !stays && !kept &&
               placement_hold(task->tid, now - task->resumed, &task->quick_stops);
  task->resumed = now;
  next = (struct going){.tid = task->tid,
                        .how = task->row != NULL ? PTRACE_SYSCALL : PTRACE_CONT,
                        .signal = signal,
                        .placed = kept         ? KEPT
                                  : task->held ? HELD
                                               : AS_IT_IS};
}
