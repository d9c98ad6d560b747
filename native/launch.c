#include "util.h"

#include "launch.h"

#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum step { STEP_FILTER, STEP_EXEC };

struct failure {
  enum step step;
  int error;
};

/* In the child: wait until the parent has seized us, then become the command. */
static _Noreturn void run_child(int go, int failure_pipe, char *const argv[],
                                char *const environment[]) {
  struct failure failure = {STEP_FILTER, 0};
  char byte;
  if (read(go, &byte, 1) != 1)
    _exit(EXIT_OWN_FAILURE);
  close(go);
  if (filter_install()) {
    failure.step = STEP_EXEC;
    execvpe(argv[0], argv, environment);
  }
  failure.error = errno;
  if (write(failure_pipe, &failure, sizeof failure) < 0)
    _exit(EXIT_OWN_FAILURE);
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

struct launch launch(char *const argv[], char *const environment[]) {
  int go[2], failure[2];
  if (pipe2(go, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0)
    die("No pipe can be made: %s.", strerror(errno));
  pid_t pid = fork();
  if (pid < 0)
    die("No process can be made: %s.", strerror(errno));
  if (pid == 0) {
    close(go[1]);
    run_child(go[0], failure[1], argv, environment);
  }
  close(go[0]);
  close(failure[1]);
  seize(pid);
  if (write(go[1], "", 1) != 1)
    die("The command can't be started: %s.", strerror(errno));
  close(go[1]);
  return (struct launch){pid, failure[0]};
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
  complain("%s can't be executed: %s.", command, strerror(failure.error));
  return EXIT_NOT_EXECUTABLE;
}
