/* The signals that the tracer gets. */
#ifndef RPZ_SIGNALS_H
#define RPZ_SIGNALS_H

/* What the terminal sends reaches the command by itself and is ignored here; what was sent to us is
 * for the command: PASS_ON is called. */
void signals_set_up(void (*pass_on)(int signal));
/* There is no command any more to pass them on to. */
void signals_ignore(void);

#endif
