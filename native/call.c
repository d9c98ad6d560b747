#include "call.h"

#include "arch/registers.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>

static bool by_registers;

void call_by_registers(void) { by_registers = true; }

/* False: the kernel can't tell, or the task is gone. */
static bool ask(pid_t tid, struct __ptrace_syscall_info *info) {
  if (by_registers)
    return false;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof *info, info) > 0)
    return true;
  by_registers = errno == EIO;
  return false;
}

bool call_entered(pid_t tid, struct call *call) {
  struct __ptrace_syscall_info info;
  if (!ask(tid, &info))
    return by_registers && registers_entered(tid, call);
  call->arch = info.arch;
  call->number = info.seccomp.nr;
  for (size_t i = 0; i < 6; i++)
    call->args[i] = info.seccomp.args[i];
  return info.op == PTRACE_SYSCALL_INFO_SECCOMP;
}

bool call_left(pid_t tid, int64_t *result) {
  struct __ptrace_syscall_info info;
  if (!ask(tid, &info))
    return by_registers && registers_left(tid, result);
  *result = info.exit.rval;
  return info.op == PTRACE_SYSCALL_INFO_EXIT;
}

bool call_left_at(pid_t tid, int64_t *result) { return registers_left(tid, result); }

bool call_is_cut(int64_t result) {
  enum { FIRST = -516, LAST = -512 }; /* to be made again, or EINTR: errno.h of the kernel */
  return result == -EINTR || (result >= FIRST && result <= LAST);
}
