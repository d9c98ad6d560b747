/* Calls that make a task: clone(2), clone3(2). One that asks that it isn't traced is made like any
 * other: it would be told that the calls that we stop don't exist (ENOSYS), and nobody would see
 * it. */
#include "../arch/abi.h"
#include "../memory.h"
#include "arguments.h"

#include <sys/ptrace.h>

/* The flags are put where the end of the call finds them, and by which ABI it was made. */
static void await_end(struct task *task, const struct abi *abi, uint64_t flags) {
  enum { FLAGS = CLONE_NEWNS | CLONE_UNTRACED };
  task->args[4] = abi->audit_arch;
  task->args[5] = flags;
  if (!(flags & FLAGS))
    task->leave = NULL;
}

static uint64_t without(uint64_t flags) { return flags & ~(uint64_t)CLONE_UNTRACED; }

void enter_clone(struct task *task, const struct abi *abi) {
  uint64_t flags = task->args[0];
  if (flags & CLONE_UNTRACED)
    change_first_argument(task->tid, abi->audit_arch, without(flags));
  await_end(task, abi, flags);
}

static void leave_namespaces(struct task *task, int64_t result) {
  if (task->args[5] & CLONE_NEWNS)
    leave_new_mounts(task, result);
}

/* The new task, if it has its own memory, keeps the flags that it was made with. */
void leave_clone(struct task *task, int64_t result) {
  if (task->args[5] & CLONE_UNTRACED)
    restore_first_argument(task->tid, (uint32_t)task->args[4], task->args[5]);
  leave_namespaces(task, result);
}

/* They come first in struct clone_args, and are as long as a word of ours. */
static void write_flags(const struct task *task, uint64_t flags) {
  long word = (long)flags;
  ptrace(PTRACE_POKEDATA, task->tid, task->args[0], word);
}

void enter_clone3(struct task *task, const struct abi *abi) {
  uint64_t flags = 0;
  read_memory(task->tid, task->args[0], &flags, sizeof flags);
  if (flags & CLONE_UNTRACED)
    write_flags(task, without(flags));
  await_end(task, abi, flags);
}

void leave_clone3(struct task *task, int64_t result) {
  if (task->args[5] & CLONE_UNTRACED)
    write_flags(task, task->args[5]);
  leave_namespaces(task, result);
}
