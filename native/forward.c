#include "forward.h"

#include "util.h"

#include <signal.h>
#include <sys/time.h>

enum { DELAY = 50000 }; /* microseconds */

static volatile sig_atomic_t wanted[NSIG];
static uint64_t seen[NSIG]; /* when */

void forward_later(int signal) {
  struct itimerval timer = {{0, DELAY}, {0, DELAY}}; /* again: the first may come before we wait */
  wanted[signal] = 1;
  setitimer(ITIMER_REAL, &timer, NULL);
}

void forward_seen(int signal) { seen[signal] = monotonic_clock(); }

void forward_due(pid_t command) {
  uint64_t recently = monotonic_clock() - UINT64_C(2000) * DELAY;
  for (int signal = 1; signal < NSIG; signal++) {
    if (wanted[signal] && seen[signal] < recently)
      kill(command, signal);
    wanted[signal] = 0;
  }
}
