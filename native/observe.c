#include "observe.h"

#include "access.h"
#include "arch/abi.h"
#include "call.h"
#include "filter.h"
#include "look.h"
#include "memory.h"
#include "notify.h"
#include "record.h"
#include "task.h"

#include <string.h>
#include <sys/syscall.h>

/* Once a process. */
static void warn_of_refusal(struct task *task) {
  if (task->refused)
    return;
  task->refused = true;
  record_warning(task->process,
                 "The memory of a process can't be read (it isn't dumpable): files "
                 "that it names are missing from the trace. Trace as root to see them");
}

/* Whether what the process's calls are relative to is another afterwards. */
static bool moves(const struct syscall_row *row) {
  return row->enter == enter_chdir || row->enter == enter_fchdir || row->enter == enter_chroot ||
         row->enter == enter_namespace;
}

bool observe_entry(struct task *task, const struct call *call) {
  const struct abi *abi;
  const struct syscall_row *row = filter_row(call->arch, call->number, &abi);
  if (row == NULL)
    return false;
  for (size_t i = 0; i < 6; i++)
    task->args[i] = abi->narrow ? (uint32_t)call->args[i] : call->args[i];
  task->event_count = 0;
  task->blocks = false;
  task->leave = row->leave;
  row->enter(task, abi);
  bool await_end =
      task->event_count > 0 || task->leave != NULL || (task->accelerated != NULL && moves(row));
  task->row = await_end ? row : NULL;
  if (memory_was_refused())
    warn_of_refusal(task);
  return true;
}

/* Where the rows of the table look for a call's folder and flags. */
static void set_arguments(struct task *task, uint32_t number, const struct look *look) {
  memset(task->args, 0, sizeof task->args);
  task->args[0] = (uint64_t)look->dirfd;
  for (size_t i = 2; i < 5; i++) /* they ask for the one that is the flags */
    task->args[i] = look->flags;
#ifdef SYS_open
  if (number == SYS_open)
    task->args[1] = look->flags;
#else
  (void)number;
#endif
}

void observe_look(struct task *task, uint32_t number, const struct look *look) {
  const struct abi *abi;
  const struct syscall_row *row = filter_row(abis[0]->audit_arch, number, &abi);
  if (row == NULL)
    return;
  struct task caller = *task; /* which may be in the middle of another call */
  set_arguments(&caller, number, look);
  caller.look = look;
  caller.event_count = 0;
  caller.leave = row->leave;
  row->enter(&caller, abi);
  caller.row = row;
  if (caller.event_count > 0 || caller.leave != NULL)
    observe_end(&caller, look->result);
  task->refused = caller.refused;
}

void observe_end(struct task *task, int64_t result) {
  const struct syscall_row *row = task->row;
  task->row = NULL;
  if (row == NULL)
    return;
  if (task->leave != NULL)
    task->leave(task, result);
  else
    record_result(task, result);
  if (moves(row)) {
    accelerator_moved(task);
    accelerator_forget(); /* what was said while it went on, too */
  }
}

/* The row of the call that a signal has cut short, if all that it can do is look; else NULL. */
static const struct syscall_row *cut_look(pid_t tid, struct call *call) {
  const struct abi *abi;
  if (!notify_is_open() || !call_was_cut(tid, call))
    return NULL;
  const struct syscall_row *row = filter_row(call->arch, call->number, &abi);
  return row != NULL && only_looks(row, call->args) ? row : NULL;
}

void hide_cut(struct task *task) {
  struct call call;
  if (cut_look(task->tid, &call) == NULL)
    return;
  observe_entry(task, &call);
  task->row = NULL;
  if (!task->blocks)
    repeat_call(task->tid);
}

void hide_certain_cut(pid_t tid) {
  struct call call;
  const struct syscall_row *row = cut_look(tid, &call);
  if (row != NULL && row->changes.test == NONE)
    repeat_call(tid);
}
