/* The tracer: collect a stop, act on it, until no process is left. */
#ifndef RPZ_TRACER_H
#define RPZ_TRACER_H

#include <stdint.h>
#include <sys/types.h>

/* Follow the seized process PID and all that come from it; returns PID's status, as EXIT has it. */
uint32_t trace(pid_t pid);

#endif
