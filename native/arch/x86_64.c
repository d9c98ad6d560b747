#include "abi.h"

#include <asm/unistd_64.h>
#include <elf.h>
#include <linux/audit.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
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

const bool can_repeat_call = true;

/* Results that programs don't see: the kernel's include/linux/errno.h. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513 };

/* Whether the instruction before ADDRESS is `syscall`: `int 0x80` makes calls of 32 bits. */
static bool follows_syscall(pid_t tid, uint64_t address) {
  enum { SYSCALL = 0x050f, LENGTH = 2 };
  long code = ptrace(PTRACE_PEEKTEXT, tid, address - LENGTH, NULL);
  return (code & 0xffff) == SYSCALL;
}

bool call_was_cut(pid_t tid, struct call *call) {
  struct user_regs_struct r;
  struct iovec part = {&r, sizeof r};
  if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &part) != 0 || part.iov_len != sizeof r)
    return false;
  if ((int64_t)r.rax != -ERESTARTSYS || (int64_t)r.orig_rax < 0 || !follows_syscall(tid, r.rip))
    return false;
  *call = (struct call){AUDIT_ARCH_X86_64, r.orig_rax, {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}};
  return true;
}

void repeat_call(pid_t tid) {
  size_t registers = offsetof(struct user, regs);
  ptrace(PTRACE_POKEUSER, tid, registers + offsetof(struct user_regs_struct, rax),
         (long)-ERESTARTNOINTR);
}
