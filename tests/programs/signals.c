/* Signals reach a traced program: handled ones, SIGTRAP, stop and continue. */
#include "check.h"

#include <signal.h>

static volatile sig_atomic_t seen;

static void handle(int number) { seen = number; }

static void stop_and_continue(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    make_file("continued");
    _exit(7);
  }
  CHECK(waitpid(child, &status, WUNTRACED) == child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK(access("continued", F_OK) == -1);
  CHECK(kill(child, SIGCONT) == 0);
  check_child(child, 7);
  expect("WRITE:", "continued");
}

int main(void) {
  signal(SIGUSR1, handle);
  signal(SIGTRAP, handle);
  CHECK(raise(SIGUSR1) == 0 && seen == SIGUSR1);
  CHECK(raise(SIGTRAP) == 0 && seen == SIGTRAP);
  stop_and_continue();
  return 0;
}
