/* The signals that the tracer gets. */
#ifndef RPZ_SIGNALS_H
#define RPZ_SIGNALS_H

/* What the terminal sends reaches the command by itself and is ignored here; what was sent to us is
 * for the command: PASS_ON is called. */
void signals_set_up(void (*pass_on)(int signal));
/* Ctrl-Z stops the command, which needs the tracer for that; the process in front stops as well, so
 * that the shell sees it. */
void signals_never_stop(void);
/* There is no command any more to pass them on to. */
void signals_ignore(void);

#endif
