/* How a process comes to be accelerated. */
#include "inject.h"
#include "pages.h"
#include "process.h"

#include "../notify.h"
#include "../resolve.h"
#include "../task.h"

#include <linux/audit.h>
#include <sys/random.h>
#include <sys/syscall.h>

/* After how many looks it costs less to accelerate a process than to go on: some twenty such stops.
 */
enum { FEW = 24 };

/* Descriptors of logs are kept below this: others need theirs. */
enum { MOST_KEPT = 256 };

static bool may_start(const struct task *task) {
  return accelerator_is_open() && task->start.state == START_LATER && task->accelerated == NULL &&
         task->shares == NULL && !task->confined && !task->thread && task->threads == 0 &&
         !task->blocks && !task->uninterrupted;
}

static bool is_look(uint64_t number) {
  return number != SYS_execve && number != SYS_execveat && number != SYS_clone3 &&
         number != SYS_getrandom;
}

bool accelerator_wants(struct task *task, const struct notice *notice) {
  if (!may_start(task) || !is_look(notice->call.number) || notice->call.arch != AUDIT_ARCH_X86_64)
    return false;
  if (task->start.enough == 0)
    task->start.enough = accelerator_mode() == ACCELERATE_ALL ? 1 : FEW;
  if (++task->start.looks < task->start.enough)
    return false;
  task->start.state = START_WANTED;
  return true;
}

/* The first one, and one in four. */
static bool is_chosen(void) {
  enum { ONE_IN = 4 };
  uint32_t number = 0;
  if (accelerator_counts.accelerated == 0 || getrandom(&number, sizeof number, GRND_NONBLOCK) < 0)
    return true;
  return number % ONE_IN == 0;
}

bool accelerator_begins(struct task *task) {
  int fd;
  if (task->start.state != START_WANTED)
    return false;
  task->start.state = START_REFUSED;
  if (task->threads != 0)
    return false;
  struct log *log = pages_new_log(&fd);
  if (log == NULL)
    return false;
  bool early = false;
  const struct start *start = &task->start;
  struct injection *injection =
      start->patched ? inject_again(task->tid) : inject(task->tid, &early);
  if (injection == NULL) {
    pages_free_log(log, fd, true);
    if (early) { /* soon, but not at each look */
      task->start.state = START_LATER;
      task->start.enough = 2 * task->start.looks;
    }
    return false;
  }
  struct accelerated *process = xcalloc(1, sizeof *process);
  process->log = log;
  process->log_fd = fd;
  process->users = 1;
  process->next = accelerated_processes;
  accelerated_processes = process;
  count_accelerated(+1);
  process->place = place_of(task);
  task->accelerated = process;
  task->start.injection = injection;
  task->start.state = START_MADE;
  log->off = 1; /* until it is whole */
  process->clock = start->patched ? start->clock : inject_clock(injection);
  log->clock = process->clock;
  process->check = accelerator_mode() == ACCELERATE_CHECK && is_chosen();
  log->check = process->check;
  process->number = task->process;
  add_thread(process, task, inject_thread(injection));
  return true;
}

bool accelerator_ends(struct task *task, uint64_t number, const uint64_t *args) {
  if (task->start.state != START_MADE || number != SYS_chdir || args[0] != TELL_OF_AREA)
    return false;
  struct accelerated *process = task->accelerated;
  bool done = inject_end(task->start.injection, (int64_t)args[1]);
  abandon_start(task);
  if (process->log_fd >= MOST_KEPT)
    close_fd(&process->log_fd);
  if (done) {
    task->start.state = START_DONE;
    accelerator_counts.accelerated++;
    start_reading();
    if (!process->off)
      __atomic_store_n(&process->log->off, 0, __ATOMIC_RELEASE);
  } else {
    process->copied = true; /* nobody knows how far it came */
    accelerator_leave(task);
    task->start.state = START_REFUSED;
  }
  return true;
}
