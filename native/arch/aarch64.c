#include "abi.h"

#include <asm/unistd.h>
#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

static const struct syscall_row rows[] = {
#include "../syscalls/table.inc"
};

extern const struct abi aarch64;
const struct abi aarch64 = {"aarch64", AUDIT_ARCH_AARCH64, 8, false, rows, ROW_COUNT(rows)};

static long registers(int request, pid_t tid, long set, void *data, size_t size) {
  struct iovec part = {data, size};
  return ptrace(request, tid, (void *)set, &part);
}

/* A number of -1 is no call; the result is where the first argument was. */
void refuse_call(pid_t tid, int error) {
  int number = -1;
  struct user_regs_struct user;
  registers(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &number, sizeof number);
  if (registers(PTRACE_GETREGSET, tid, NT_PRSTATUS, &user, sizeof user) != 0)
    return;
  user.regs[0] = (uint64_t)-(int64_t)error;
  registers(PTRACE_SETREGSET, tid, NT_PRSTATUS, &user, sizeof user);
}

void change_first_argument(pid_t tid, uint32_t arch, uint64_t value) {
  struct user_regs_struct user;
  (void)arch;
  if (registers(PTRACE_GETREGSET, tid, NT_PRSTATUS, &user, sizeof user) != 0)
    return;
  user.regs[0] = value;
  registers(PTRACE_SETREGSET, tid, NT_PRSTATUS, &user, sizeof user);
}

/* The result is there. */
void restore_first_argument(pid_t tid, uint32_t arch, uint64_t value) {
  (void)tid;
  (void)arch;
  (void)value;
}

/* When a tracer sees the signal, the kernel has put the call's arguments back already, and keeps to
 * itself what the result was. */
const bool can_repeat_call = false;

bool call_was_cut(pid_t tid, struct call *call) {
  (void)tid;
  (void)call;
  return false;
}

void repeat_call(pid_t tid) { (void)tid; }
