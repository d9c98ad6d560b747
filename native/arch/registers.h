/* What a system call left in the registers of a stopped task. */
#ifndef RPZ_REGISTERS_H
#define RPZ_REGISTERS_H

#include "../call.h"

/* As call_entered() and call_left(). */
bool registers_entered(pid_t tid, struct call *call);
bool registers_left(pid_t tid, int64_t *result);

#endif
