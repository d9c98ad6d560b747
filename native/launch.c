#include "util.h"

#include "launch.h"

#include "accelerator/accelerator.h"
#include "filter.h"
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum step { STEP_LISTENER, STEP_FILTER, STEP_EXEC };

/* What the child tells on its pipe. */
struct failure {
  enum step step;
  int error; /* errno; or the listener of its filter, or -1 */
};

/* The child's ends of the pipes. */
struct ends {
  int go;
  int failure;
};

static bool tell(const struct ends *ends, enum step step, int error) {
  struct failure failure = {step, error};
  return write(ends->failure, &failure, sizeof failure) == (ssize_t)sizeof failure;
}

static bool may_go(const struct ends *ends) {
  char byte;
  return read(ends->go, &byte, 1) == 1;
}

/* In the child: install the filter, and wait until its listener, if it has one, was taken over:
 * what the filter tells of waits for an answer. */
static bool set_up_filter(const struct ends *ends, bool notifies) {
  int listener = notifies ? filter_install_listener() : -1;
  if (listener < 0 && !filter_install())
    return false;
  if (notifies && !(tell(ends, STEP_LISTENER, listener) && may_go(ends)))
    _exit(EXIT_OWN_FAILURE);
  return true; /* the listener is closed by exec */
}

/* In the child: wait until the parent has seized us, then become the command. */
static _Noreturn void run_child(const struct ends *ends, bool notifies, char *const argv[],
                                char *const environment[]) {
  enum step step = STEP_FILTER;
  if (!may_go(ends))
    _exit(EXIT_OWN_FAILURE);
  if (set_up_filter(ends, notifies)) {
    step = STEP_EXEC;
    execvpe(argv[0], argv, environment);
  }
  tell(ends, step, errno);
  _exit(EXIT_OWN_FAILURE);
}

static void seize(pid_t pid) {
  long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
                 PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                 PTRACE_O_TRACESECCOMP;
  if (ptrace(PTRACE_SEIZE, pid, NULL, options) == 0)
    return;
  int error = errno;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  if (error == EPERM)
    die("Tracing is not permitted here. Allow ptrace: in a container run it with "
        "--cap-add=SYS_PTRACE, elsewhere see /proc/sys/kernel/yama/ptrace_scope; and rpz can't run "
        "inside another tracer (gdb, strace, rpz).");
  die("The command can't be traced: %s.", strerror(error));
}

static void let_go(int go) {
  if (write(go, "", 1) != 1)
    die("The command can't be started: %s.", strerror(errno));
}

/* The child's filter is there. False: it tells of calls, and we can't listen. */
static bool take_listener(const struct launch *launch, int go) {
  struct failure told;
  if (read(launch->failure, &told, sizeof told) != (ssize_t)sizeof told)
    die("The command can't be started.");
  if (told.step != STEP_LISTENER)
    die("System calls can't be filtered here: %s.", strerror(told.error));
  if (told.error >= 0 && !notify_open(launch->pid, told.error))
    return false;
  let_go(go);
  return true;
}

static struct launch start(bool notifies, char *const argv[], char *const environment[], int *go) {
  int ends[2], failure[2];
  if (pipe2(ends, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0)
    die("No pipe can be made: %s.", strerror(errno));
  pid_t pid = fork();
  if (pid < 0)
    die("No process can be made: %s.", strerror(errno));
  if (pid == 0) {
    close(ends[1]);
    run_child(&(struct ends){ends[0], failure[1]}, notifies, argv, environment);
  }
  close(ends[0]);
  close(failure[1]);
  seize(pid);
  *go = ends[1];
  let_go(*go);
  return (struct launch){pid, failure[0]};
}

static void abandon(const struct launch *launch) {
  kill(launch->pid, SIGKILL);
  waitpid(launch->pid, NULL, __WALL);
  close(launch->failure);
}

struct launch launch(char *const argv[], char *const environment[]) {
  int go;
  bool notifies = notify_is_wanted();
  struct launch launch = start(notifies, argv, environment, &go);
  if (notifies && !take_listener(&launch, go)) { /* it has done nothing yet */
    abandon(&launch);
    accelerator_close();
    close(go);
    launch = start(false, argv, environment, &go);
  }
  close(go);
  return launch;
}

/* What to do where a command can't be executed. */
static const char *way_out(int error) {
  if (error == ENOEXEC)
    return "Is it for another machine, or a script without #!? Name what runs it";
  if (error == EACCES)
    return "Name a file that you may execute (chmod +x), or the program that runs it";
  if (error == E2BIG)
    return "Give it fewer or shorter arguments";
  return "See whether it runs without rpz trace";
}

int launch_failure(const struct launch *launch, const char *command) {
  struct failure failure;
  ssize_t got = read(launch->failure, &failure, sizeof failure);
  close(launch->failure);
  if (got != (ssize_t)sizeof failure)
    return 0;
  if (failure.step == STEP_FILTER) {
    complain("System calls can't be filtered here: %s. The kernel needs CONFIG_SECCOMP_FILTER; "
             "--engine python does without.",
             strerror(failure.error));
    return EXIT_OWN_FAILURE;
  }
  if (failure.error == ENOENT || failure.error == ENOTDIR) {
    complain("%s: There is no such command. Check its spelling, or give its path.", command);
    return EXIT_NOT_FOUND;
  }
  complain("%s can't be executed: %s. %s.", command, strerror(failure.error),
           way_out(failure.error));
  return EXIT_NOT_EXECUTABLE;
}
