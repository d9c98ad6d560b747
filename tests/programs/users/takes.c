/* Count the SIGTERMs that come within a second, taken from the queue by sigtimedwait (or, with an
 * argument, signalfd), and print the number. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static bool take_by_descriptor(int fd) {
  struct signalfd_siginfo info;
  struct pollfd wait = {fd, POLLIN, 0};
  return poll(&wait, 1, 1000) > 0 && read(fd, &info, sizeof info) == (ssize_t)sizeof info;
}

static bool take(const sigset_t *set) {
  struct timespec rest = {1, 0};
  return sigtimedwait(set, NULL, &rest) == SIGTERM;
}

int main(int argc, char **argv) {
  int count = 0;
  sigset_t set;
  (void)argv;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = signalfd(-1, &set, 0);
  puts("ready");
  fflush(stdout);
  while (argc > 1 ? take_by_descriptor(fd) : take(&set))
    count++;
  printf("%d\n", count);
  return 0;
}
