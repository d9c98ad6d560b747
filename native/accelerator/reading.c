#include "folders.h"
#include "log.h"
#include "process.h"

#include "../call.h"
#include "../memory.h"
#include "../observe.h"
#include "../placement.h"
#include "../record.h"
#include "../resolve.h"
#include "../serve.h"
#include "../task.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

static bool has_ended; /* nothing is recorded any more */

/* The folder that a look was relative to. */
static struct name *former_folder(const struct look *look) {
  bool certain;
  if (look->path[0] == '/')
    return NULL;
  return look->dirfd == AT_FDCWD ? look->place->folder
                                 : folder_at(look->device, look->inode, &certain);
}

static void see(struct accelerated *process, size_t slot, const struct entry *entry,
                const char *path) {
  struct task *task = task_find(process->tids[slot]);
  if (task == NULL)
    return;
  struct look look = {.path = path,
                      .dirfd = entry->dirfd,
                      .result = entry->result,
                      .flags = entry->flags,
                      .mode = entry->mode,
                      .device = entry->device,
                      .inode = entry->inode,
                      .opened_device = entry->opened_device,
                      .opened_inode = entry->opened_inode,
                      .place = &process->place};
  if (process->check) /* it was seen as a stop, too: what is recorded again is known */
    looks_add(&process->comparison.logged, entry->number, path, former_folder(&look));
  record_as_of(entry->time);
  observe_look(task, entry->number, &look);
  record_as_of(0);
}

void compare_call(struct task *task, const struct call *call, struct looks *looks) {
  char path[LONGEST_PATH];
  bool alone = call->number == SYS_open || call->number == SYS_stat || call->number == SYS_lstat ||
               call->number == SYS_access || call->number == SYS_readlink;
  int dirfd = alone ? AT_FDCWD : (int)call->args[0];
  if (read_string(task->tid, call->args[!alone], path, sizeof path) && path[0] != '\0')
    looks_add(looks, call->number, path, path[0] == '/' ? NULL : folder_of(task, dirfd));
}

void end_comparison(struct accelerated *process) {
  size_t differences = comparison_differences(&process->comparison);
  accelerator_counts.compared += comparison_count(&process->comparison);
  accelerator_counts.different += differences;
  comparison_free(&process->comparison);
  if (differences > 0)
    record_warning(process->number,
                   "Looks at files were not the same in a process's log and as stops: the "
                   "trace may lack files. Trace with --accelerate off, and report this");
}

static void warn_of_damage(const struct task *task) {
  record_warning(task == NULL ? 0 : task->process,
                 "A process has overwritten the memory in which it was accelerated: files that it "
                 "looked at may be missing from the trace. Trace it with --accelerate off");
}

void turn_off(struct accelerated *process) {
  process->off = true;
  if (process->log != NULL)
    __atomic_store_n(&process->log->off, 1, __ATOMIC_RELEASE);
}

/* See what a thread has logged, LIMIT calls at most. */
size_t catch_up(struct accelerated *process, size_t slot, size_t limit) {
  static char path[LONGEST_PATH]; /* whoever is here has the turn */
  if (has_ended)
    return 0;
  struct entry entry;
  bool damaged = false;
  size_t count = 0;
  while (count < limit && !process->damaged &&
         log_take(process->log, slot, &process->read[slot], &entry, path, &damaged)) {
    see(process, slot, &entry, path);
    count++;
  }
  if (damaged) {
    process->damaged = true;
    warn_of_damage(task_find(process->tids[slot]));
    turn_off(process);
  }
  return count;
}

size_t catch_up_with(struct accelerated *process, size_t limit) {
  size_t count = 0;
  for (size_t slot = 0; process->log != NULL && slot < SLOTS; slot++)
    if (process->tids[slot] != 0 && log_has_more(process->log, slot, process->read[slot]))
      count += catch_up(process, slot, limit);
  return count;
}

static size_t catch_up_some(size_t limit) {
  size_t count = 0;
  for (struct accelerated *process = accelerated_processes; process != NULL;
       process = process->next)
    count += catch_up_with(process, limit);
  return count;
}

void count_logged(const struct accelerated *process) {
  for (size_t slot = 0; process->log != NULL && slot < SLOTS; slot++) {
    accelerator_counts.logged += process->log->slots[slot].logged;
    accelerator_counts.repeated += process->log->slots[slot].repeated;
  }
}

void accelerator_catch_up_all(void) { catch_up_some(FULL); }

void accelerator_end(void) {
  accelerator_catch_up_all();
  for (struct accelerated *process = accelerated_processes; process != NULL;
       process = process->next)
    count_logged(process);
  accelerator_stop_all();
  has_ended = true;
}

/* Logs are read while processes go on, so that they have room and little is lost if we are killed.
 * Where nothing comes we look more and more seldom. */
static void *read_logs(void *nothing) {
  enum { SHORT = 2000000, LONG = 200000000, SOME = 256 }; /* nanoseconds, entries at a turn */
  struct timespec pause = {0, SHORT};
  placement_leave();
  for (;;) {
    size_t count;
    nanosleep(&pause, NULL);
    bool any = false;
    do {
      serve_take_turn();
      count = catch_up_some(SOME);
      serve_end_turn();
      any = any || count > 0;
    } while (count >= SOME);
    pause.tv_nsec = any ? SHORT : pause.tv_nsec < LONG ? pause.tv_nsec * 2 : LONG;
  }
  return nothing;
}

/* All signals are for the first thread. */
void start_reading(void) {
  static bool started;
  sigset_t all_signals, before;
  pthread_t thread;
  if (started)
    return;
  sigfillset(&all_signals);
  pthread_sigmask(SIG_SETMASK, &all_signals, &before);
  started = pthread_create(&thread, NULL, read_logs, NULL) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
