#include "forward.h"

#include "util.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { DELAY = 50000 }; /* microseconds */

/* How long, in nanoseconds, one that was sent to all of us may take to get here: through rpz and
 * the front process, on a machine that is busy. */
enum { RECENT = 1000000000 };

static volatile sig_atomic_t wanted[NSIG];
static volatile sig_atomic_t for_all[NSIG];
static uint64_t seen[NSIG]; /* when */

void forward_later(int signal, bool to_group) {
  struct itimerval timer = {{0, DELAY}, {0, DELAY}}; /* again: the first may come before we wait */
  wanted[signal] = 1;
  if (to_group)
    for_all[signal] = 1;
  setitimer(ITIMER_REAL, &timer, NULL);
}

void forward_seen(int signal) { seen[signal] = monotonic_clock(); }

static bool waits_for_signal(pid_t tid) {
  char path[64];
  long call = -1;
  snprintf(path, sizeof path, "/proc/%d/syscall", tid);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  bool known = fscanf(file, "%ld", &call) == 1;
  fclose(file);
  return known && call == SYS_rt_sigtimedwait;
}

static bool blocks(pid_t pid, int signal) {
  char line[256];
  unsigned long long mask = 0;
  snprintf(line, sizeof line, "/proc/%d/status", pid);
  FILE *file = fopen(line, "re");
  if (file == NULL)
    return false;
  while (fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "SigBlk:", sizeof "SigBlk:" - 1) == 0)
      mask = strtoull(line + sizeof "SigBlk:" - 1, NULL, 16);
  fclose(file);
  return (mask >> (signal - 1) & 1) != 0;
}

/* Whether the command can have taken a signal that was sent to it, too, without being seen to: by
 * sigwait(3), signalfd(2). */
static bool was_taken(pid_t command, int signal) {
  return for_all[signal] && getpgid(command) == getpgrp() &&
         (blocks(command, signal) || waits_for_signal(command));
}

void forward_due(pid_t command) {
  uint64_t recently = monotonic_clock() - RECENT;
  for (int signal = 1; signal < NSIG; signal++) {
    if (wanted[signal] && seen[signal] < recently && !was_taken(command, signal))
      kill(command, signal);
    wanted[signal] = for_all[signal] = 0;
  }
}
