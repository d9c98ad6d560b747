/* The tracer in two processes: one in front, which the caller waits for, and one that traces. So
 * the caller learns that the command has ended while the other still minds processes that go on. */
#ifndef RPZ_FRONT_H
#define RPZ_FRONT_H

/* Go on in a new process; the present one ends as that one does, or when front_leave() is called.
 * It passes on the signals that it gets. */
void front_begin(void);
/* End the process in front with STATUS and be a daemon: no terminal, no streams, no folder. */
void front_leave(int status);

#endif
