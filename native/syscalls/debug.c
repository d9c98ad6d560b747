/* ptrace(2): a task has one tracer, and that is us. So is the one that seccomp(2) notifies. */
#include "../notify.h"
#include "../record.h"
#include "arguments.h"

#include <linux/seccomp.h>
#include <sys/ptrace.h>

/* Said once: that is enough to know. */
void enter_ptrace(struct task *task, const struct abi *abi) {
  static bool said;
  long request = (long)(int)task->args[0];
  (void)abi;
  if (said || (request != PTRACE_TRACEME && request != PTRACE_ATTACH && request != PTRACE_SEIZE))
    return;
  said = true;
  record_warning(task->process, "A program wanted to trace another (as gdb, strace and rpz do), "
                                "which the kernel refuses while rpz traces it: trace without it");
}

/* What a filter of the program's own makes of our calls inside of it isn't known. It may be for all
 * of its threads. */
static void confine(struct task *task) {
  struct task *leader = task_find(task->tgid);
  if (leader != NULL)
    leader->confined = true;
  task->confined = true;
  accelerator_stop(task);
}

void enter_prctl(struct task *task, const struct abi *abi) {
  (void)abi;
  confine(task);
}

/* A process has one listener at most: the kernel says that it is busy. */
void enter_seccomp(struct task *task, const struct abi *abi) {
  static bool said;
  (void)abi;
  if (task->args[0] <= SECCOMP_SET_MODE_FILTER)
    confine(task);
  if (said || !notify_is_open() || !(task->args[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER))
    return;
  said = true;
  record_warning(task->process, "A program wanted to supervise system calls of others (seccomp's "
                                "user notification), which rpz does already: it was told that that "
                                "is busy. Trace with --stops-only to let it");
}
