#include "front.h"

#include "notify.h"
#include "signals.h"
#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_pipe = -1; /* where the status is written */
static volatile pid_t tracer;

static void pass_on(int signal, siginfo_t *from, void *context) {
  int error = errno;
  (void)from;
  (void)context;
  kill(tracer, signal);
  errno = error;
}

/* End as the tracer has: it has said why. */
static _Noreturn void end_as_tracer(void) {
  int status;
  while (waitpid(tracer, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED(status))
    exit(WEXITSTATUS(status));
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  exit(EXIT_OWN_FAILURE);
}

static _Noreturn void wait_in_front(int told) {
  int status;
  ssize_t got;
  do
    got = read(told, &status, sizeof status);
  while (got < 0 && errno == EINTR);
  if (got == (ssize_t)sizeof status)
    exit(status);
  end_as_tracer();
}

void front_begin(void) {
  int ends[2];
  sigset_t all, before;
  pid_t front = getpid();
  if (pipe2(ends, O_CLOEXEC) != 0)
    die("No pipe can be made: %s.", strerror(errno));
  /* A signal that comes now waits until there is somebody to pass it on to. */
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  /* Who started us may ignore it: then nobody could wait for the tracer. */
  void (*child)(int) = signal(SIGCHLD, SIG_DFL);
  tracer = fork();
  if (tracer < 0)
    die("No process can be made: %s.", strerror(errno));
  if (tracer > 0) {
    close(ends[1]);
    signals_set_up(pass_on);
    sigprocmask(SIG_SETMASK, &before, NULL);
    wait_in_front(ends[0]);
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  close(ends[0]);
  status_pipe = ends[1];
  signal(SIGCHLD, child);           /* the command inherits it */
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* the run doesn't go on without the one who waits for it */
  if (getppid() != front)
    raise(SIGKILL);
}

static void close_others(void) {
  DIR *folder = opendir("/proc/self/fd");
  const struct dirent *entry;
  if (folder == NULL)
    return;
  while ((entry = readdir(folder)) != NULL) {
    int fd = atoi(entry->d_name);
    if (fd > STDERR_FILENO && fd != status_pipe && fd != dirfd(folder) && !notify_uses(fd))
      close(fd);
  }
  closedir(folder);
}

static void drop_streams(void) {
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
    dup2(nothing, fd);
  close_others();
}

void front_leave(int status) {
  prctl(PR_SET_PDEATHSIG, 0);
  signals_ignore();
  setsid();
  drop_streams();
  if (chdir("/") != 0 || write(status_pipe, &status, sizeof status) < 0)
    return; /* nobody is left to be told */
  close(status_pipe);
}
