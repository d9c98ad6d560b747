#include "accelerator.h"

#include "comparison.h"
#include "folders.h"
#include "inject.h"
#include "kept.h"
#include "log.h"
#include "pages.h"

#include "../look.h"
#include "../memory.h"
#include "../notify.h"
#include "../observe.h"
#include "../placement.h"
#include "../record.h"
#include "../resolve.h"
#include "../serve.h"
#include "../task.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>

/* An accelerated process. Its threads have it in common; other processes may share its memory. */
struct accelerated {
  bool damaged;    /* its log: nothing of that is read any more */
  bool check;      /* it is traced both ways */
  struct log *log; /* NULL: the process is gone, or has another program */
  uint64_t offset;
  bool off;         /* for good */
  unsigned sharers; /* other processes that use its memory now */
  unsigned users;   /* tasks that refer to this */
  pid_t tids[SLOTS];
  uint32_t number; /* in the trace */
  struct place place;
  struct comparison comparison; /* of one that is traced both ways */
  struct accelerated *next;
};

/* After how many looks it costs less to accelerate a process than to go on: some twenty such stops.
 */
enum { FEW = 24 };

/* No more entries than this are in a thread's log at a time: what comes later is not waited for. */
enum { FULL = RING_SIZE / sizeof(struct entry) + 1 };

static enum acceleration mode = ACCELERATE_OFTEN;
static bool is_open;
static struct accelerated *all;
static struct ways ways;
static bool has_ended; /* nothing is recorded any more */

void accelerator_choose(enum acceleration wanted) { mode = wanted; }

void accelerator_keep_in(const char *folder) { kept_in(folder); }

void accelerator_open(void) {
  is_open = mode != ACCELERATE_NEVER && notify_is_wanted() && pages_open();
}

bool accelerator_is_open(void) { return is_open; }

void accelerator_close(void) { is_open = false; }

void accelerator_count_stop(void) { ways.stops++; }

void accelerator_count_notice(void) { ways.notices++; }

const struct ways *accelerator_ways(void) { return &ways; }

void accelerator_forget(void) {
  if (is_open)
    __atomic_fetch_add(&pages_common()->epoch, 1, __ATOMIC_RELEASE);
}

/* Reading what was logged */

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

/* A call in which a process waits that is traced both ways. */
static void compare_stopped(struct task *task, const struct call *call) {
  char path[LONGEST_PATH];
  bool alone = call->number == SYS_open || call->number == SYS_stat || call->number == SYS_lstat ||
               call->number == SYS_access || call->number == SYS_readlink;
  int dirfd = alone ? AT_FDCWD : (int)call->args[0];
  if (read_string(task->tid, call->args[!alone], path, sizeof path) && path[0] != '\0')
    looks_add(&task->accelerated->comparison.stopped, call->number, path,
              path[0] == '/' ? NULL : folder_of(task, dirfd));
}

static bool is_stub(uint64_t address) { return address - STUB < STUB_SIZE; }

static void end_comparison(struct accelerated *process, uint32_t number) {
  size_t differences = comparison_differences(&process->comparison);
  ways.compared += comparison_count(&process->comparison);
  ways.different += differences;
  comparison_free(&process->comparison);
  if (differences > 0)
    record_warning(number, "Looks at files were not the same in a process's log and as stops: the "
                           "trace may lack files. Trace with --accelerate off, and report this");
}

static void warn_of_damage(const struct task *task) {
  record_warning(task == NULL ? 0 : task->process,
                 "A process has overwritten the memory in which it was accelerated: files that it "
                 "looked at may be missing from the trace. Trace it with --accelerate off");
}

static void turn_off(struct accelerated *process) {
  process->off = true;
  if (process->log != NULL)
    __atomic_store_n(&process->log->off, 1, __ATOMIC_RELEASE);
}

/* See what a thread has logged, LIMIT calls at most. */
static size_t catch_up(struct accelerated *process, size_t slot, size_t limit) {
  static char path[LONGEST_PATH]; /* whoever is here has the turn */
  if (has_ended)
    return 0;
  struct entry entry;
  bool damaged = false;
  size_t count = 0;
  while (count < limit && !process->damaged &&
         log_take(process->log, slot, &entry, path, &damaged)) {
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

static size_t catch_up_with(struct accelerated *process, size_t limit) {
  size_t count = 0;
  for (size_t slot = 0; process->log != NULL && slot < SLOTS; slot++)
    if (process->tids[slot] != 0 && log_has_more(process->log, slot))
      count += catch_up(process, slot, limit);
  return count;
}

static size_t catch_up_some(size_t limit) {
  size_t count = 0;
  for (struct accelerated *process = all; process != NULL; process = process->next)
    count += catch_up_with(process, limit);
  return count;
}

void accelerator_catch_up_all(void) { catch_up_some(FULL); }

void accelerator_end(void) {
  accelerator_catch_up_all();
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
static void start_reading(void) {
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

/* Where processes are */

void accelerator_moved(const struct task *task) {
  if (task->accelerated != NULL)
    task->accelerated->place = place_of(task);
}

void accelerator_moved_all(void) {
  for (struct accelerated *process = all; process != NULL; process = process->next) {
    const struct task *task = NULL;
    for (size_t slot = 0; slot < SLOTS && task == NULL; slot++)
      task = process->tids[slot] == 0 ? NULL : task_find(process->tids[slot]);
    if (task != NULL)
      process->place = place_of(task);
  }
}

/* Whose memory it is */

static void add_thread(struct accelerated *process, const struct task *task, uint64_t key) {
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
    end_comparison(process, process->number);
  for (size_t slot = 0; slot < SLOTS; slot++) {
    ways.logged += process->log->slots[slot].logged;
    ways.repeated += process->log->slots[slot].repeated;
  }
  pages_free_log(process->log, process->offset);
  process->log = NULL;
}

static void forget_process(struct accelerated *process) {
  struct accelerated **link = &all;
  close_log(process);
  while (*link != process)
    link = &(*link)->next;
  *link = process->next;
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

static void abandon_start(struct task *task) {
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
  for (struct accelerated *process = all; process != NULL; process = process->next)
    turn_off(process);
}

/* A process has been made. Its memory is its parent's as long as what is the parent's own isn't
 * empty there. */
static void add_process(struct task *child, struct accelerated *process) {
  uint32_t live = 1;
  if (read_memory(child->tid, PRIVATE, &live, sizeof live) && live == 0) {
    child->start.patched = true;
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
  if (is_open && !child->thread && child->start.state == START_REFUSED &&
      shares_memory(child, parent))
    parent->start.state = START_REFUSED;
}

void accelerator_add(struct task *child, struct task *parent) {
  struct accelerated *process = parent->accelerated;
  if (is_open)
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
    if (is_open && shares_memory(child, parent)) /* others would be accelerated with it */
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

/* Becoming accelerated */

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
  struct comparison *comparison = &task->accelerated->comparison, before = *comparison;
  struct call call;
  if (!read_called(task, address, &call))
    return;
  comparison->stopped = before.logged;
  compare_stopped(task, &call);
  comparison->logged = comparison->stopped;
  comparison->stopped = before.stopped;
}

bool accelerator_answers(struct task *task, const struct notice *notice) {
  const struct call *call = &notice->call;
  if (!is_open && task->accelerated == NULL)
    return false;
  if (task->start.state == START_MADE && call->number == SYS_access &&
      (call->args[0] == ASK_FOR_CODE || call->args[0] == ASK_FOR_LOG)) {
    notify_give(notice, call->args[0] == ASK_FOR_CODE ? pages_code() : pages_logs());
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
  if (task->accelerated != NULL && task->accelerated->check && is_stub(notice->address))
    compare_stopped(task, call);
  return false;
}

static bool may_start(const struct task *task) {
  return is_open && task->start.state == START_LATER && task->accelerated == NULL &&
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
    task->start.enough = mode == ACCELERATE_ALL ? 1 : FEW;
  if (++task->start.looks < task->start.enough)
    return false;
  task->start.state = START_WANTED;
  return true;
}

/* The first one, and one in four. */
static bool is_chosen(void) {
  enum { ONE_IN = 4 };
  uint32_t number = 0;
  if (ways.accelerated == 0 || getrandom(&number, sizeof number, GRND_NONBLOCK) < 0)
    return true;
  return number % ONE_IN == 0;
}

bool accelerator_begins(struct task *task) {
  uint64_t offset;
  if (task->start.state != START_WANTED)
    return false;
  task->start.state = START_REFUSED;
  if (task->threads != 0)
    return false;
  struct log *log = pages_new_log(&offset);
  if (log == NULL)
    return false;
  bool early;
  struct injection *injection = inject(task->tid, offset, task->start.patched, &early);
  if (injection == NULL) {
    pages_free_log(log, offset);
    if (early) { /* soon, but not at each look */
      task->start.state = START_LATER;
      task->start.enough = 2 * task->start.looks;
    }
    return false;
  }
  struct accelerated *process = xcalloc(1, sizeof *process);
  process->log = log;
  process->offset = offset;
  process->users = 1;
  process->next = all;
  all = process;
  process->place = place_of(task);
  task->accelerated = process;
  task->start.injection = injection;
  task->start.state = START_MADE;
  log->off = 1; /* until it is whole */
  log->clock = inject_clock(injection);
  process->check = mode == ACCELERATE_CHECK && is_chosen();
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
  if (done) {
    task->start.state = START_DONE;
    task->start.patched = true;
    ways.accelerated++;
    start_reading();
    if (!process->off)
      __atomic_store_n(&process->log->off, 0, __ATOMIC_RELEASE);
  } else {
    accelerator_leave(task);
    task->start.state = START_REFUSED;
  }
  return true;
}
