/* The signals that the tracer gets. */
#ifndef RPZ_SIGNALS_H
#define RPZ_SIGNALS_H

#include <signal.h>

/* What the terminal sends reaches the command by itself and is ignored here; what was sent to us is
 * for the command: PASS_ON is called. */
void signals_set_up(void (*pass_on)(int signal, siginfo_t *from, void *context));
/* Ctrl-Z stops the command, which needs the tracer for that; the process in front stops as well, so
 * that the shell sees it. */
void signals_never_stop(void);
/* There is no command any more to pass them on to. */
void signals_ignore(void);

#endif
