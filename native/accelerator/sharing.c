/* Whose memory and whose folders a process's are: its own, its threads', other processes'. */
#include "inject.h"
#include "pages.h"
#include "process.h"

#include "../memory.h"
#include "../resolve.h"
#include "../task.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

/* Where processes are */

void accelerator_moved(const struct task *task) {
  if (task->accelerated != NULL)
    task->accelerated->place = place_of(task);
}

void accelerator_moved_all(void) {
  for (struct accelerated *process = accelerated_processes; process != NULL;
       process = process->next) {
    const struct task *task = NULL;
    for (size_t slot = 0; slot < SLOTS && task == NULL; slot++)
      task = process->tids[slot] == 0 ? NULL : task_find(process->tids[slot]);
    if (task != NULL)
      process->place = place_of(task);
  }
}

/* Whose memory it is */

void add_thread(struct accelerated *process, const struct task *task, uint64_t key) {
  size_t free = SLOTS;
  for (size_t slot = 0; slot < SLOTS; slot++) {
    if (process->tids[slot] != 0 && process->log->keys[slot] == key) { /* it isn't one's own */
      catch_up(process, slot, FULL);
      __atomic_store_n(&process->log->keys[slot], 0, __ATOMIC_RELEASE);
      return;
    }
    if (process->tids[slot] == 0 && free == SLOTS)
      free = slot;
  }
  if (free == SLOTS || key == 0)
    return;
  process->tids[free] = task->tid;
  process->log->slots[free].thread = task->process;
  __atomic_store_n(&process->log->slots[free].busy, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&process->log->keys[free], key, __ATOMIC_RELEASE);
}

static void drop_thread(struct accelerated *process, pid_t tid) {
  for (size_t slot = 0; process->log != NULL && slot < SLOTS; slot++)
    if (process->tids[slot] == tid) {
      __atomic_store_n(&process->log->keys[slot], 0, __ATOMIC_RELEASE);
      catch_up(process, slot, FULL);
      process->tids[slot] = 0;
    }
}

/* Nobody uses its memory any more. */
static void close_log(struct accelerated *process) {
  if (process->log == NULL)
    return;
  catch_up_with(process, FULL);
  if (process->check)
    end_comparison(process);
  count_logged(process);
  pages_free_log(process->log, process->log_fd, !process->copied);
  process->log = NULL;
}

static void forget_process(struct accelerated *process) {
  struct accelerated **link = &accelerated_processes;
  close_log(process);
  while (*link != process)
    link = &(*link)->next;
  *link = process->next;
  count_accelerated(-1);
  free(process);
}

static void drop_user(struct accelerated *process) {
  if (--process->users == 0)
    forget_process(process);
}

/* A process no longer shares the memory of an accelerated one. */
static void end_sharing(struct task *task) {
  struct accelerated *process = task->shares;
  if (process == NULL)
    return;
  task->shares = NULL;
  if (--process->sharers == 0 && !process->off && process->log != NULL)
    __atomic_store_n(&process->log->off, 0, __ATOMIC_RELEASE);
  drop_user(process);
}

void abandon_start(struct task *task) {
  inject_free(task->start.injection);
  task->start.injection = NULL;
}

void accelerator_leave(struct task *task) {
  struct accelerated *process = task->accelerated;
  abandon_start(task);
  end_sharing(task);
  task->start = (struct start){0};
  if (process == NULL)
    return;
  drop_thread(process, task->tid);
  task->accelerated = NULL;
  drop_user(process);
}

void accelerator_stop(struct task *task) {
  task->start.state = START_REFUSED;
  if (task->accelerated != NULL)
    turn_off(task->accelerated);
}

void accelerator_stop_all(void) {
  for (struct accelerated *process = accelerated_processes; process != NULL;
       process = process->next)
    turn_off(process);
}

/* A process has been made. Its memory is its parent's as long as what is the parent's own isn't
 * empty there. */
static void add_process(struct task *child, struct accelerated *process) {
  uint32_t live = 1;
  if (read_memory(child->tid, PRIVATE, &live, sizeof live) && live == 0) {
    process->copied = true;
    child->start.patched = true;
    child->start.clock = process->clock;
    return;
  }
  child->shares = process;
  child->start.state = START_REFUSED;
  process->users++;
  if (process->sharers++ == 0)
    __atomic_store_n(&process->log->off, 1, __ATOMIC_RELEASE);
}

/* A working folder that is another process's too, or a thread's alone, can't be followed. */
static void refuse_shared_folder(struct task *child, struct task *parent) {
  bool shared = syscall(SYS_kcmp, parent->tid, child->tid, KCMP_FS, 0, 0) == 0;
  if (shared == child->thread)
    return;
  accelerator_stop(parent);
  child->start.state = START_REFUSED;
}

static bool shares_memory(const struct task *child, const struct task *parent) {
  return syscall(SYS_kcmp, parent->tid, child->tid, KCMP_VM, 0, 0) <= 0;
}

void accelerator_awake(const struct task *child, struct task *parent) {
  if (accelerator_is_open() && !child->thread && child->start.state == START_REFUSED &&
      shares_memory(child, parent))
    parent->start.state = START_REFUSED;
}

void accelerator_add(struct task *child, struct task *parent) {
  struct accelerated *process = parent->accelerated;
  if (accelerator_is_open())
    refuse_shared_folder(child, parent);
  if (child->thread) {
    child->accelerated = process;
    child->shares = parent->shares;
    child->start.state = START_REFUSED; /* its leader was, or is not to be */
    if (process != NULL)
      process->users++;
    if (child->shares != NULL) {
      child->shares->users++;
      child->shares->sharers++;
    }
  } else if (process != NULL && process->log != NULL) {
    add_process(child, process);
  } else if (parent->shares != NULL && parent->shares->log != NULL) {
    add_process(child, parent->shares);
  } else {
    child->start.patched = parent->start.patched;
    child->start.clock = parent->start.clock;
    if (accelerator_is_open() &&
        shares_memory(child, parent)) /* others would be accelerated with it */
      child->start.state = START_REFUSED;
  }
}

void accelerator_add_thread(struct task *task) {
  struct accelerated *process = task->accelerated;
  if (process == NULL || process->log == NULL || !task->thread)
    return;
  for (size_t slot = 0; slot < SLOTS; slot++)
    if (process->tids[slot] == task->tid)
      return;
  size_t offset = offsetof(struct user, regs) + offsetof(struct user_regs_struct, fs_base);
  errno = 0;
  uint64_t key = (uint64_t)ptrace(PTRACE_PEEKUSER, task->tid, offset, NULL);
  if (errno == 0)
    add_thread(process, task, key);
}
