/* Calls that make a task: clone(2), clone3(2). One that asks that it isn't traced is made like any
 * other: it would be told that the calls that we stop don't exist (ENOSYS), and nobody would see
 * it. */
#include "../arch/abi.h"
#include "../memory.h"
#include "arguments.h"

static uint64_t without(uint64_t flags) { return flags & ~(uint64_t)CLONE_UNTRACED; }

void enter_clone(struct task *task, const struct abi *abi) {
  uint64_t flags = task->args[0];
  if (flags & CLONE_UNTRACED)
    change_first_argument(task->tid, abi->audit_arch, without(flags));
  /* Where the end of the call finds them, and by which ABI it was made. */
  task->args[4] = abi->audit_arch;
  task->args[5] = flags;
}

/* The new task, if it has its own memory, keeps the flags that it was made with. */
void leave_clone(struct task *task, int64_t result) {
  if (task->args[5] & CLONE_UNTRACED)
    restore_first_argument(task->tid, (uint32_t)task->args[4], task->args[5]);
  if (task->args[5] & CLONE_NEWNS)
    leave_new_mounts(task, result);
}

/* They come first in struct clone_args. The end of the call isn't awaited, since most threads are
 * made by it and few with flags that matter here: the new task's event is. */
void enter_clone3(struct task *task, const struct abi *abi) {
  uint64_t flags = 0;
  (void)abi;
  read_memory(task->tid, task->args[0], &flags, sizeof flags);
  if (task->made_with.at == task->args[0] && flags == without(task->made_with.flags))
    flags = task->made_with.flags; /* made again: a signal came before */
  task->made_with = (struct clone_flags){.at = task->args[0], .flags = flags};
  if (flags & CLONE_UNTRACED)
    write_word(task->tid, task->args[0], without(flags));
}

/* If the call failed, and this is another one, something else may be there by now. */
static void restore_flags(const struct task *task) {
  const struct clone_flags *with = &task->made_with;
  uint64_t now;
  if (read_memory(task->tid, with->at, &now, sizeof now) && now == without(with->flags))
    write_word(task->tid, with->at, with->flags);
}

void clone_done(struct task *task, pid_t child) {
  const struct clone_flags *with = &task->made_with;
  if (with->flags & CLONE_UNTRACED)
    restore_flags(task);
  if (with->flags & CLONE_NEWNS)
    leave_new_mounts(task, child);
  task->made_with = (struct clone_flags){0};
}
