#include "tracer.h"

#include "access.h"
#include "call.h"
#include "filter.h"
#include "forward.h"
#include "memory.h"
#include "notify.h"
#include "observe.h"
#include "placement.h"
#include "record.h"
#include "resume.h"
#include "serve.h"
#include "signals.h"
#include "task.h"
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct stop {
  pid_t tid;
  int status;
  struct rusage usage; /* of one that has ended */
};

/* How many seconds the command's other processes may go on: the tail of a pipeline ends right after
 * it. Then they are followed no longer, or we say that we wait for them. */
enum { GRACE = 1, PATIENCE = 2 };

/* How long a new task waits, in nanoseconds, for the event of a parent that may have been killed.
 */
enum { WAIT_FOR_PARENT = 20000000 };

static volatile pid_t command; /* 0: it has ended */
static uint32_t command_status;
static bool wait_for_all;
static bool records;          /* or it only lets tasks go on */
static struct traffic before; /* of the command, while it was still our own child */

/* A task that isn't resumed at once is not to be told of again. */
static void collect_stop(pid_t tid) {
  siginfo_t seen;
  waitid(P_PID, (id_t)tid, &seen, WSTOPPED | WNOHANG | __WALL);
}

static void enter_call(struct task *task, const struct call *call) {
  accelerator_count_stop();
  if (!observe_entry(task, call)) /* a filter of the program's own wants a tracer: it has none */
    refuse_call(task->tid, ENOSYS);
}

static void on_call(struct task *task) {
  struct call call;
  if (call_entered(task->tid, &call) && !accelerator_ends(task, call.number, call.args))
    enter_call(task, &call);
  resume(task, 0);
}

static void on_call_end(struct task *task) {
  int64_t result;
  if (call_left(task->tid, &result))
    observe_end(task, result);
  resume(task, 0);
}

/* A task that was noticed, and whose call's end is awaited, has stopped when it was through. */
static void on_interrupt(struct task *task) {
  int64_t result;
  bool ended = task->row != NULL && call_left_at(task->tid, &result);
  /* It may have been our interrupt: a file system's server was asked, or a lease is to be given up.
   * It is made again, and its end not awaited. */
  task->uninterrupted = ended && call_is_cut(result);
  if (ended && !task->uninterrupted)
    observe_end(task, result);
  else if (task->uninterrupted)
    repeat_call(task->tid);
  bool cut = !ended && task->start.state == START_WANTED && call_left_at(task->tid, &result) &&
             call_is_cut(result);
  if (cut)
    repeat_call(task->tid);
  task->row = NULL;
  if (!cut && !task->uninterrupted)
    accelerator_begins(task);
  else if (task->start.state == START_WANTED)
    task->start.state = START_LATER;
  resume(task, 0);
}

/* A child that was killed, and whose end was seen, before its parent's event has done nothing. Its
 * id may be another's soon. */
static bool has_ended(pid_t tid) { return kill(tid, 0) != 0 && errno == ESRCH; }

/* A child may stop for the first time before its parent's event: it then waits for that. */
static void start_child(pid_t tid, struct task *parent, bool sleeps) {
  struct task *child = task_find(tid);
  if (child == NULL && has_ended(tid))
    return;
  if (child == NULL)
    child = task_add(tid);
  bool waits = child->waits_since != 0;
  if (child->process == 0)
    task_start(child, parent);
  if (parent->held || parent->unplaced)
    placement_inherit(tid, parent->tid);
  child->unplaced =
      sleeps && !child->thread && placement_is_alone(parent->quick_stops, task_count());
  if (waits) {
    accelerator_add_thread(child);
    resume(child, 0);
  }
}

/* Whoever has made TASK by vfork(2) goes on. */
static void release_maker(struct task *task) {
  struct task *maker = task->maker != 0 ? task_find(task->maker) : NULL;
  task->maker = 0;
  if (maker == NULL || maker->vforked != task->tid)
    return;
  maker->vforked = 0;
  resume(maker, 0);
}

/* The kernel would put PARENT to sleep as soon as it went on, until CHILD has a program of its own
 * or ends: it may as well stay stopped, which spares two changes of tasks. */
static void hold_maker(struct task *parent, struct task *child) {
  collect_stop(parent->tid);
  parent->vforked = child->tid;
  child->maker = parent->tid;
}

static void on_new_task(struct task *parent, bool sleeps) {
  unsigned long tid = 0;
  if (ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &tid) == 0)
    start_child((pid_t)tid, parent, sleeps);
  clone_done(parent, (pid_t)tid);
  release_maker(parent); /* a thread may outlive it, and its end is told of only after that one's */
  struct task *child = task_find((pid_t)tid);
  if (sleeps && child != NULL && !child->thread)
    hold_maker(parent, child);
  else {
    if (child != NULL)
      accelerator_awake(child, parent);
    resume(parent, 0);
  }
}

/* The kernel gives a traced program no rights that its tracer hasn't. Said once. */
static void warn_of_privileges(const struct task *task) {
  static bool said;
  char text[512];
  if (said || geteuid() == 0)
    return;
  said = true;
  snprintf(text, sizeof text,
           "%.300s is to run with more rights than yours, which a traced program doesn't get: it "
           "ran without. Do that step before rpz trace, or trace as root",
           task->exec.program->text);
  record_warning(task->process, text);
}

static void record_images(struct task *task) {
  const struct exec *exec = &task->exec;
  if (exec->program == NULL)
    return;
  add_running_image(task);
  uint32_t folder = exec->folder != NULL ? name_number(exec->folder) : 0;
  record_exec(task->process, name_number(exec->program), folder, &exec->argv, &exec->environment);
  for (size_t i = 0; i < exec->image_count; i++)
    note_image(task, exec->images[i]);
  if (exec->privileged)
    warn_of_privileges(task);
}

/* exec by a thread that isn't the leader: the thread takes the leader's id, the others are gone. */
static struct task *become_leader(struct task *leader, pid_t former) {
  struct task *thread = task_find(former);
  if (thread == NULL || thread == leader)
    return leader;
  exec_clear(&leader->exec);
  leader->exec = thread->exec;
  thread->exec = (struct exec){0};
  leader->row = NULL;
  task_end(thread, 0, &(struct usage){0});
  return leader;
}

static void on_exec(struct task *task) {
  unsigned long former;
  collect_stop(task->tid); /* before that ptrace(2) fails if a thread has got the leader's id */
  if (ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &former) == 0)
    task = become_leader(task, (pid_t)former);
  accelerator_leave(task);
  record_images(task);
  exec_clear(&task->exec);
  task->row = NULL;
  task->random = false;
  task->unplaced = false;
  resume(task, 0);
  release_maker(task);
}

static bool is_stop_signal(int signal) {
  return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void await_parent(struct task *task) {
  collect_stop(task->tid);
  task_await_parent(task);
}

/* The first stop of a new task, a group stop, or its end. */
static void on_event_stop(struct task *task, int signal) {
  if (is_stop_signal(signal))
    ptrace(PTRACE_LISTEN, task->tid, NULL, NULL); /* it stays stopped until its SIGCONT */
  else if (task->process == 0)
    await_parent(task);
  else {
    accelerator_add_thread(task);
    on_interrupt(task);
  }
}

/* Whether the signal that TID has stopped for was passed on by us. */
static bool is_ours(pid_t tid) {
  siginfo_t info;
  return ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) == 0 && info.si_code == SI_USER &&
         info.si_pid == getpid();
}

static void on_stop(struct task *task, int status) {
  int signal = WSTOPSIG(status);
  switch (status >> 16) {
  case PTRACE_EVENT_SECCOMP:
    on_call(task);
    break;
  case PTRACE_EVENT_FORK:
  case PTRACE_EVENT_CLONE:
    on_new_task(task, false);
    break;
  case PTRACE_EVENT_VFORK:
    on_new_task(task, true);
    break;
  case PTRACE_EVENT_EXEC:
    on_exec(task);
    break;
  case PTRACE_EVENT_STOP:
    on_event_stop(task, signal);
    break;
  default:
    if (signal == (SIGTRAP | 0x80)) {
      on_call_end(task);
      break;
    }
    if (task->tgid == command && !is_ours(task->tid))
      forward_seen(signal);
    hide_cut(task);
    resume(task, signal);
  }
}

static uint64_t nanoseconds(struct timeval time) {
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
}

/* wait4(2) tells of the whole process, also at the end of one of its threads. */
static struct usage usage_of(const struct task *task, const struct rusage *usage) {
  if (task->thread)
    return (struct usage){0};
  return (struct usage){nanoseconds(usage->ru_utime), nanoseconds(usage->ru_stime),
                        (uint64_t)usage->ru_maxrss * 1024};
}

/* It comes again: the first may come just before we wait. */
static void start_alarm(time_t seconds) {
  struct itimerval timer = {{seconds, 0}, {seconds, 0}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void stop_alarm(void) {
  struct itimerval timer = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_end(struct task *task, int status, const struct rusage *rusage) {
  uint32_t code =
      WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status) : SIGNALLED + (uint32_t)WTERMSIG(status);
  bool is_command = task->tid == command;
  struct usage usage = usage_of(task, rusage);
  release_maker(task);
  task_end(task, code, &usage);
  if (is_command) {
    command = 0; /* its id may be another's soon */
    command_status = code;
    start_alarm(wait_for_all ? PATIENCE : GRACE);
  }
}

/* A signal for the processes that are left once the command has ended. */
static volatile sig_atomic_t signal_for_rest;

/* What was sent to us alone comes from who started us, who got it first: nobody else knows of us.
 */
static void forward_signal(int signal, siginfo_t *from, void *context) {
  int error = errno;
  (void)context;
  if (command != 0)
    forward_later(signal, from->si_pid != getppid());
  else
    signal_for_rest = signal;
  errno = error;
}

static void signal_rest(void) {
  int signal = signal_for_rest;
  signal_for_rest = 0;
  if (signal != 0)
    task_signal_all(signal);
}

static volatile sig_atomic_t patience_is_over;
static volatile sig_atomic_t forward_is_due;

static void on_alarm(int signal) {
  (void)signal;
  if (command != 0)
    forward_is_due = 1;
  else
    patience_is_over = 1;
}

static void forward(void) {
  if (!forward_is_due)
    return;
  forward_is_due = 0;
  if (command == 0)
    return;
  stop_alarm();
  forward_due(command);
}

static void explain_wait(void) {
  complain("The command has ended; waiting for %zu of its processes that go on.", task_count());
}

static void explain_leave(void) {
  char text[256];
  snprintf(text, sizeof text,
           "When the command had ended, %zu of its processes went on. What they did more than %d s "
           "after that is not in the trace; rpz trace --wait-daemons waits for them",
           task_process_count(), GRACE);
  record_warning(0, text);
}

/* The command has ended, and others haven't since. True: they shall be left. */
static bool is_over(void) {
  if (!patience_is_over)
    return false;
  patience_is_over = 0;
  stop_alarm();
  if (wait_for_all)
    explain_wait();
  return !wait_for_all;
}

/* The value of a line such as "PPid:" of TID's status, or 0. */
static pid_t status_number(pid_t tid, const char *name) {
  char text[64];
  long value = 0;
  snprintf(text, sizeof text, "/proc/%d/status", tid);
  FILE *file = fopen(text, "re");
  if (file == NULL)
    return 0;
  while (fgets(text, sizeof text, file) != NULL)
    if (strncmp(text, name, strlen(name)) == 0)
      value = strtol(text + strlen(name), NULL, 10);
  fclose(file);
  return (pid_t)value;
}

/* Start a task whose parent was killed before it could tell of it. */
static void adopt(struct task *task) {
  pid_t group = status_number(task->tid, "Tgid:");
  task_start(task, task_find(group != task->tid ? group : status_number(task->tid, "PPid:")));
  placement_inherit(task->tid, 0);
  accelerator_add_thread(task);
  resume(task, 0);
}

static void sleep_without_turn(useconds_t microseconds) {
  serve_end_turn();
  let_go();
  usleep(microseconds);
  serve_take_turn();
}

/* Nothing happens at the moment, and tasks wait for their parents. */
static void wait_for_parents(void) {
  struct task *orphan = task_waiting_since(monotonic_clock() - WAIT_FOR_PARENT);
  if (orphan != NULL)
    adopt(orphan);
  else
    sleep_without_turn(1000);
}

static bool is_end(const siginfo_t *info) {
  return info->si_code == CLD_EXITED || info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED;
}

/* What it has read and written is known as long as it isn't collected. */
static void record_traffic_of(pid_t tid) {
  struct traffic traffic;
  const struct task *task = task_find(tid);
  if (task == NULL || task->process == 0 || task->thread ||
      !traffic_of(tid, task->traffic, &traffic))
    return;
  if (tid == command) {
    traffic.read -= before.read;
    traffic.written -= before.written;
  }
  record_traffic(task->process, &traffic);
}

/* Collect the end of TID, which may wake who has made it: a shell goes on at once. */
static pid_t collect_end(struct stop *stop) {
  const struct task *task = task_find(stop->tid);
  const struct task *parent = task == NULL || task->thread ? NULL : task_find(task->parent);
  bool called = parent != NULL && parent->vforked == 0 && parent->accelerated == NULL &&
                placement_is_alone(parent->quick_stops, task_count()) &&
                placement_call(parent->tid);
  pid_t tid = wait4(stop->tid, &stop->status, __WALL | WNOHANG, &stop->usage);
  int error = errno;
  if (called)
    placement_dismiss(parent->tid);
  errno = error;
  return tid;
}

/* What wait4(2) says of the stop of which waitid(2) says CODE. */
static int stop_status(int code) { return code << 8 | 0x7f; }

/* Return who has stopped or ended. 0: nobody yet; negative: nobody will, or a signal has come
 * (EINTR). An end is collected. A stop is only looked at, as resuming the task ends it. */
static pid_t wait_for_any(struct stop *stop, bool may_sleep) {
  siginfo_t seen = {0};
  serve_end_turn();
  let_go();
  int flags = WEXITED | WSTOPPED | WNOWAIT | __WALL | (may_sleep ? 0 : WNOHANG);
  stop->tid = waitid(P_ALL, 0, &seen, flags) == 0 ? seen.si_pid : -1;
  serve_take_turn();
  if (stop->tid <= 0)
    return stop->tid;
  stop->status = stop_status(seen.si_status);
  if (!is_end(&seen))
    return stop->tid;
  if (records)
    record_traffic_of(stop->tid);
  return collect_end(stop);
}

/* False: no process is left, or the rest is. */
static bool next_stop(struct stop *stop) {
  while (!is_over()) {
    signal_rest();
    forward();
    serve_interrupt();
    bool may_sleep = task_waiting_count() == 0;
    if (wait_for_any(stop, may_sleep) > 0)
      return true;
    if (stop->tid == 0 && !may_sleep)
      wait_for_parents();
    else if (stop->tid < 0 && errno != EINTR)
      return false;
  }
  return false;
}

static void dispatch(const struct stop *stop) {
  accelerator_catch_up_all(); /* it came before, and before anything changes */
  struct task *task = task_find(stop->tid);
  if (task == NULL) {
    if (!WIFSTOPPED(stop->status))
      return;
    task = task_add(stop->tid);
  }
  if (WIFSTOPPED(stop->status))
    on_stop(task, stop->status);
  else
    on_end(task, stop->status, &stop->usage);
}

static void set_up_signals(void) {
  struct sigaction action = {.sa_handler = on_alarm};
  signals_never_stop();
  signals_set_up(forward_signal); /* the command's own are not touched: it was started before */
  sigaction(SIGALRM, &action, NULL);
}

/* What the command was given without a call of its own: its folder, and a file as standard input.
 */
static void record_inheritance(struct task *task) {
  struct name *folder = folder_of(task, AT_FDCWD);
  if (folder != NULL)
    note_file(task, folder, WDIR, DIRECTORY | EXISTED);
  struct file input;
  if (!resolve_fd(task, STDIN_FILENO, &input) || !S_ISREG(input.status.st_mode))
    return;
  note_use(task, &input, READ);
  record_warning(task->process, "Standard input was a file, which the shell opened: to run this "
                                "again, give it the same file (rpz run TARGET < FILE)");
}

uint32_t trace(pid_t pid, bool all) {
  struct stop stop;
  command = pid;
  wait_for_all = all;
  records = true;
  serve_take_turn();
  set_up_signals();
  placement_begin();
  struct task *task = task_add(pid);
  task_start(task, NULL);
  traffic_of(pid, task->traffic, &before);
  record_inheritance(task);
  if (notify_is_open())
    serve_begin();
  while (next_stop(&stop))
    dispatch(&stop);
  let_go();
  accelerator_end();
  stop_alarm();
  if (task_count() > 0)
    explain_leave();
  return command_status;
}

/* What we have a task do for us has to end, whatever becomes of it afterwards. */
static void end_start(pid_t tid) {
  struct call call;
  struct task *task = task_find(tid);
  if (task != NULL && call_entered(tid, &call))
    accelerator_ends(task, call.number, call.args);
}

/* Let a task go on, whatever it has stopped for. */
static void let_go_on(pid_t tid, int status) {
  int event = status >> 16, signal = WSTOPSIG(status);
  if (event == PTRACE_EVENT_SECCOMP)
    end_start(tid);
  if (event == PTRACE_EVENT_STOP && is_stop_signal(signal)) {
    ptrace(PTRACE_LISTEN, tid, NULL, NULL);
    return;
  }
  bool delivered = event == 0 && signal != (SIGTRAP | 0x80);
  if (delivered)
    hide_certain_cut(tid);
  ptrace(PTRACE_CONT, tid, NULL, (long)(delivered ? signal : 0));
}

void mind(void) {
  struct task *task;
  struct stop stop;
  records = false;
  serve_without_looking();
  placement_stop(); /* nobody would give processors back */
  while ((task = task_waiting_since(UINT64_MAX)) != NULL) {
    resume(task, 0);
    task_stop_waiting(task);
  }
  while ((task = task_waiting_for_child()) != NULL) {
    task->vforked = 0;
    resume(task, 0);
  }
  while (wait_for_any(&stop, true) > 0 || errno == EINTR) {
    serve_interrupt();
    if (stop.tid > 0 && WIFSTOPPED(stop.status))
      let_go_on(stop.tid, stop.status);
  }
}
