/* Signals that come while the program looks, at 1 kHz: handlers that look and open files, some that
 * jump out of the call, some that ask for the functions on the stack. */
#include "looks.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#ifdef __GLIBC__
#include <execinfo.h>
#else /* musl has no such function */
#define backtrace(functions, size) (functions[0] = NULL, (size))
#endif

enum { NAMES = 300, SIGNALS = 30 };

static sigjmp_buf out;
static volatile sig_atomic_t arrived;

static void use_file(void) {
  struct stat status;
  int fd = open("handled", O_RDONLY);
  CHECK(fd >= 0 && stat("looked", &status) == 0 && close(fd) == 0);
  arrived++;
}

static void return_from(int signal) {
  int before = errno;
  (void)signal;
  use_file();
  errno = before;
}

static void jump_from(int signal) {
  (void)signal;
  use_file();
  siglongjmp(out, 1);
}

static void ask_for_stack(int signal) {
  int before = errno;
  void *functions[64];
  (void)signal;
  CHECK(backtrace(functions, 64) > 0);
  use_file();
  errno = before;
}

static void strike(int milliseconds, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  struct timeval often = {.tv_usec = milliseconds * 1000};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  CHECK(setitimer(ITIMER_REAL, &(struct itimerval){often, often}, NULL) == 0);
}

/* A name is done with when a look at it has come to its end. */
static void look_at_names(const char *folder, void (*handler)(int)) {
  static char name[PATH_MAX];
  static volatile int i;
  static struct stat status;
  look_in(folder);
  arrived = 0;
  strike(1, handler);
  for (i = 0; i < NAMES || arrived < SIGNALS; i++) {
    CHECK(sigsetjmp(out, 1) == 0 || arrived > 0);
    snprintf(name, sizeof name, "%s/name%d", folder, i % NAMES);
    CHECK(stat(name, &status) == -1 && errno == ENOENT);
  }
  strike(0, SIG_IGN);
  for (int j = 0; j < NAMES; j++) {
    snprintf(name, sizeof name, "%s/name%d", folder, j);
    expect("ABSENT", name);
  }
}

int main(void) {
  void *function[1];
  make_file("handled");
  make_file("looked");
  backtrace(function, 1); /* opens its library */
  look_at_names("returned", return_from);
  look_at_names("jumped", jump_from);
  look_at_names("asked", ask_for_stack);
  expect("READ:EXISTED", "handled");
  expect("STAT:EXISTED", "looked");
  int next = open("handled", O_RDONLY);
  fprintf(stderr, "the next descriptor is %d\n", next);
  return 0;
}
