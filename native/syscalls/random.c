/* getrandom(2), once a thread and program. The filter passes over what libraries and interpreters
 * take for themselves when they start, by how they ask: see table.inc. */
#include "../record.h"
#include "arguments.h"

void enter_getrandom(struct task *task, const struct abi *abi) {
  (void)abi;
  if (!task->random)
    record_random(task->process, task->args[1]);
  task->random = true;
}
