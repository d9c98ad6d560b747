/* io_uring(7): what a ring is asked to do is no system call, so that files which are opened through
 * it would be missed. Programs are told that there is none, and fall back. */
#include "../arch/abi.h"
#include "../record.h"
#include "arguments.h"

#include <errno.h>

static bool allowed;

void allow_io_uring(void) { allowed = true; }

void enter_io_uring_setup(struct task *task, const struct abi *abi) {
  (void)abi;
  static bool warned;
  if (!warned)
    record_warning(task->process,
                   allowed
                       ? "The run used io_uring: files that were opened through it are not in "
                         "the trace"
                       : "A program asked for io_uring and was told that there is none, so that "
                         "what it opens is seen (--allow-io-uring leaves it alone)");
  warned = true;
  if (!allowed)
    refuse_call(task->tid, ENOSYS);
}
