#include "accelerator.h"

#include "folders.h"
#include "kept.h"
#include "pages.h"
#include "process.h"

#include "../memory.h"
#include "../notify.h"
#include "../observe.h"
#include "../resolve.h"
#include "../task.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct accelerated *accelerated_processes;
struct ways accelerator_counts;

static enum acceleration mode = ACCELERATE_OFTEN;
static bool is_open;

void count_accelerated(int difference) {
  enum { MANY = 64 }; /* whose logs count as memory */
  static int count;
  count += difference;
  log_be_sparing(count > MANY);
}

void accelerator_choose(enum acceleration wanted) { mode = wanted; }

enum acceleration accelerator_mode(void) { return mode; }

void accelerator_keep_in(const char *folder) { kept_in(folder); }

void accelerator_open(void) {
  is_open = mode != ACCELERATE_NEVER && notify_is_wanted() && pages_open();
}

bool accelerator_is_open(void) { return is_open; }

void accelerator_close(void) { is_open = false; }

void accelerator_count_stop(void) { accelerator_counts.stops++; }

void accelerator_count_notice(void) { accelerator_counts.notices++; }

const struct ways *accelerator_ways(void) { return &accelerator_counts; }

void accelerator_forget(void) {
  if (is_open)
    __atomic_fetch_add(&pages_common()->epoch, 1, __ATOMIC_RELEASE);
}

/* What processes ask of the tracer */

static bool read_called(const struct task *task, uint64_t address, struct call *call) {
  struct called {
    uint64_t r9, r8, r10, rdx, rsi, rdi, rax;
  } called; /* as in stub.c */
  if (!read_memory(task->tid, address, &called, sizeof called))
    return false;
  *call = (struct call){AUDIT_ARCH_X86_64,
                        called.rax,
                        {called.rdi, called.rsi, called.rdx, called.r10, called.r8, called.r9}};
  return true;
}

/* The call whose registers the process has put at ADDRESS was made, with RESULT: it is seen now. */
static void see_at_once(struct task *task, uint64_t address, int64_t result) {
  struct call call;
  if (!read_called(task, address, &call))
    return;
  observe_entry(task, &call);
  observe_end(task, result);
}

static bool learn_folder(const struct task *task, int dirfd) {
  char link[64];
  struct stat status, named;
  snprintf(link, sizeof link, "/proc/%d/fd/%d", task->tid, dirfd);
  struct name *name = folder_of(task, dirfd);
  bool known = name != NULL && stat(link, &status) == 0 && stat(name->text, &named) == 0 &&
               status.st_dev == named.st_dev && status.st_ino == named.st_ino;
  if (known)
    folder_is(status.st_dev, status.st_ino, name);
  return known;
}

/* A call that was traced as a stop was not logged, but is told of. */
static void compare_again(struct task *task, uint64_t address) {
  struct call call;
  if (read_called(task, address, &call))
    compare_call(task, &call, &task->accelerated->comparison.logged);
}

/* Whether what a process does is logged, and stops as well. */
static bool is_compared(const struct accelerated *process) {
  return process != NULL && process->check && !process->off && process->sharers == 0;
}

static bool is_stub(uint64_t address) { return address - STUB < STUB_SIZE; }

bool accelerator_answers(struct task *task, const struct notice *notice) {
  const struct call *call = &notice->call;
  if (!is_open && task->accelerated == NULL)
    return false;
  if (task->start.state == START_MADE && call->number == SYS_access &&
      (call->args[0] == ASK_FOR_CODE || call->args[0] == ASK_FOR_LOG)) {
    notify_give(notice, call->args[0] == ASK_FOR_CODE ? pages_code() : task->accelerated->log_fd);
    return true;
  }
  if (call->number == SYS_faccessat && call->args[1] == ASK_FOR_FOLDER) {
    accelerator_catch_up_all();
    notify_refuse(notice, learn_folder(task, (int)call->args[0]) ? EFAULT : ESTALE);
    return true;
  }
  if (call->number == SYS_faccessat && call->args[1] == ASK_TO_SEE) {
    accelerator_catch_up_all();
    if (task->accelerated == NULL || !task->accelerated->check)
      see_at_once(task, call->args[2], (int64_t)call->args[3]);
    else
      compare_again(task, call->args[2]);
    notify_continue(notice);
    return true;
  }
  if (is_compared(task->accelerated) && is_stub(notice->address))
    compare_call(task, call, &task->accelerated->comparison.stopped);
  return false;
}
