/* The system call that a stopped task is in. */
#ifndef RPZ_CALL_H
#define RPZ_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct call {
  uint32_t arch; /* AUDIT_ARCH_* */
  uint64_t number;
  uint64_t args[6];
};

/* The call that the filter has stopped TID at. False: it is gone. */
bool call_entered(pid_t tid, struct call *call);
/* The result of the call that TID is at the end of. False: it is gone. */
bool call_left(pid_t tid, int64_t *result);
/* The result of the call that TID has just made, at a stop of another kind. False: it is gone. */
bool call_left_at(pid_t tid, int64_t *result);
/* Whether a signal, or what looks like one, has cut short a call with this result. */
bool call_is_cut(int64_t result);
/* Read registers, as on kernels before 5.3, which can't say it otherwise. */
void call_by_registers(void);

#endif
