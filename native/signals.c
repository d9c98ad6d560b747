#include "signals.h"

#include <signal.h>
#include <stddef.h>

static const int ignored[] = {SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ};
static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
static const int passed[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

static void handle(const int *signals, size_t count, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  for (size_t i = 0; i < count; i++)
    sigaction(signals[i], &action, NULL);
}

void signals_set_up(void (*pass_on)(int signal)) {
  handle(ignored, sizeof ignored / sizeof ignored[0], SIG_IGN);
  handle(passed, sizeof passed / sizeof passed[0], pass_on);
}

void signals_never_stop(void) { handle(stops, sizeof stops / sizeof stops[0], SIG_IGN); }

void signals_ignore(void) { signals_set_up(SIG_IGN); }
