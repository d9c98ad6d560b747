#include "abi.h"

#include <asm/unistd_64.h>
#include <linux/audit.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

static const struct syscall_row rows[] = {
#include "../syscalls/table.inc"
};

extern const struct abi x86_64;
const struct abi x86_64 = {"x86-64", AUDIT_ARCH_X86_64, 8, false, rows, ROW_COUNT(rows)};

/* Also of the 32-bit calls: a number of -1 is no call, and the result stays as it is put here. */
void refuse_call(pid_t tid, int error) {
  size_t registers = offsetof(struct user, regs);
  ptrace(PTRACE_POKEUSER, tid, registers + offsetof(struct user_regs_struct, orig_rax), -1L);
  ptrace(PTRACE_POKEUSER, tid, registers + offsetof(struct user_regs_struct, rax), (long)-error);
}

void change_first_argument(pid_t tid, uint32_t arch, uint64_t value) {
  size_t wide = offsetof(struct user_regs_struct, rdi),
         narrow = offsetof(struct user_regs_struct, rbx);
  size_t place = offsetof(struct user, regs) + (arch == AUDIT_ARCH_I386 ? narrow : wide);
  ptrace(PTRACE_POKEUSER, tid, place, (long)value);
}

void restore_first_argument(pid_t tid, uint32_t arch, uint64_t value) {
  change_first_argument(tid, arch, value);
}
