/* sched_getaffinity(2), sched_setaffinity(2): see placement.c. */
#include "../placement.h"
#include "arguments.h"

void enter_getaffinity(struct task *task, const struct abi *abi) {
  (void)abi;
  pid_t other = (pid_t)task->args[0];
  if (other != 0 && other != task->tid) {
    placement_stop();
    return;
  }
  task->unplaced = false;
  placement_skip(task->tid);
}

void enter_setaffinity(struct task *task, const struct abi *abi) {
  (void)task;
  (void)abi;
  placement_stop();
}
