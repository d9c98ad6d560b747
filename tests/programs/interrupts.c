/* Signals, handled without SA_RESTART, come while calls are made that no signal cuts short: none of
 * them fails for that. One that does wait, the opening of a FIFO, is cut short as ever. */
#include "check.h"

#include <signal.h>
#include <sys/time.h>

enum { SIGNALS = 300, INTERVAL = 500, LOOKERS = 3 }; /* microseconds */

static volatile sig_atomic_t seen;

static void handle(int number) {
  (void)number;
  seen++;
}

static void set_timer(int flags, int interval) {
  struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
  struct itimerval timer = {{0, interval}, {0, interval}};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void look(void) {
  char *nothing[] = {NULL};
  struct stat status;
  char target[8];
  CHECK(stat("there", &status) == 0);
  CHECK(access("absent", F_OK) == -1 && errno == ENOENT);
  CHECK(readlink("link", target, sizeof target) == 5);
  CHECK(execve("absent", nothing, nothing) == -1 && errno == ENOENT);
  int fd = open("there", O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
  fd = open("private", O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
}

/* Others who look keep the tracer busy, so that a signal comes first. */
static void look_until(volatile sig_atomic_t *count) {
  while (*count < SIGNALS)
    look();
}

static void signals_while_looking(void) {
  pid_t children[LOOKERS];
  for (int i = 0; i < LOOKERS; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      set_timer(0, INTERVAL);
      look_until(&seen);
      _exit(0);
    }
  }
  for (int i = 0; i < LOOKERS; i++)
    check_child(children[i], 0);
}

static void cut_short(void) {
  set_timer(0, 20000);
  CHECK(open("fifo", O_RDONLY) == -1 && errno == EINTR);
}

static void restarted(void) {
  int before = seen;
  set_timer(SA_RESTART, 20000);
  pid_t child = fork(); /* it has no timer */
  if (child == 0) {
    usleep(100000);
    _exit(open("fifo", O_WRONLY) < 0);
  }
  CHECK(open("fifo", O_RDONLY) >= 0 && seen > before);
  set_timer(SA_RESTART, 0);
  check_child(child, 0);
}

int main(void) {
  make_file("there");
  make_file("private");
  CHECK(chmod("private", 0600) == 0);
  CHECK(symlink("there", "link") == 0 && mkfifo("fifo", 0600) == 0);
  signals_while_looking();
  cut_short();
  restarted();
  expect("READ", "there");
  expect("READ", "private");
  return 0;
}
