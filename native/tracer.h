/* The tracer: collect a stop, act on it, until no process is left. */
#ifndef RPZ_TRACER_H
#define RPZ_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Follow the seized process PID and all that come from it; returns PID's status, as EXIT has it.
 * Those that go on when PID has ended are waited for (ALL), or left. */
uint32_t trace(pid_t pid, bool all);
/* Be there for the processes that were left, until the last one ends. Their filter stops them at
 * every traced call, and would refuse it if nobody let them go on. */
void mind(void);

#endif
