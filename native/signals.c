#include "signals.h"

#include <stddef.h>

static const int ignored[] = {SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ};
static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
static const int passed[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

static void set_up(const int *signals, size_t count, const struct sigaction *action) {
  for (size_t i = 0; i < count; i++)
    sigaction(signals[i], action, NULL);
}

static void ignore(const int *signals, size_t count) {
  struct sigaction action = {.sa_handler = SIG_IGN};
  set_up(signals, count, &action);
}

void signals_set_up(void (*pass_on)(int signal, siginfo_t *from, void *context)) {
  struct sigaction action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO};
  ignore(ignored, sizeof ignored / sizeof ignored[0]);
  set_up(passed, sizeof passed / sizeof passed[0], &action);
}

void signals_never_stop(void) { ignore(stops, sizeof stops / sizeof stops[0]); }

void signals_ignore(void) {
  ignore(ignored, sizeof ignored / sizeof ignored[0]);
  ignore(passed, sizeof passed / sizeof passed[0]);
}
