#include "registers.h"

#include "abi.h"

#include <elf.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined(__x86_64__)

/* struct user_regs_struct of <sys/user.h>, as a 32-bit program has it. */
struct user_regs_32 {
  uint32_t ebx, ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, orig_eax, eip, cs, eflags, esp, ss;
};

union registers {
  struct user_regs_struct wide;
  struct user_regs_32 narrow;
};

static void narrow_call(const struct user_regs_32 *r, struct call *call) {
  *call =
      (struct call){AUDIT_ARCH_I386, r->orig_eax, {r->ebx, r->ecx, r->edx, r->esi, r->edi, r->ebp}};
}

/* A program of 64 bits may make calls of both kinds: the filter says which one stopped it. */
static void wide_call(const struct user_regs_struct *r, uint32_t arch, struct call *call) {
  if (arch == AUDIT_ARCH_I386)
    *call = (struct call){arch,
                          (uint32_t)r->orig_rax,
                          {(uint32_t)r->rbx, (uint32_t)r->rcx, (uint32_t)r->rdx, (uint32_t)r->rsi,
                           (uint32_t)r->rdi, (uint32_t)r->rbp}};
  else
    *call = (struct call){
        AUDIT_ARCH_X86_64, (uint32_t)r->orig_rax, {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9}};
}

static void call_in(const union registers *registers, size_t size, uint32_t arch,
                    struct call *call) {
  if (size == sizeof registers->narrow)
    narrow_call(&registers->narrow, call);
  else
    wide_call(&registers->wide, arch, call);
}

static int64_t result_in(const union registers *registers, size_t size) {
  return size == sizeof registers->narrow ? (int32_t)registers->narrow.eax
                                          : (int64_t)registers->wide.rax;
}

#elif defined(__aarch64__)

union registers {
  struct user_regs_struct wide;
};

static void call_in(const union registers *registers, size_t size, uint32_t arch,
                    struct call *call) {
  (void)size;
  (void)arch;
  enum { NUMBER = 8 }; /* x8 has the number, x0 to x5 the arguments: syscall(2) */
  *call = (struct call){.arch = AUDIT_ARCH_AARCH64, .number = registers->wide.regs[NUMBER]};
  memcpy(call->args, registers->wide.regs, sizeof call->args);
}

static int64_t result_in(const union registers *registers, size_t size) {
  (void)size;
  return (int64_t)registers->wide.regs[0];
}

#endif

/* How many bytes there were, which is 0 if the task is gone. */
static size_t read_registers(pid_t tid, union registers *registers) {
  struct iovec part = {registers, sizeof *registers};
  return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &part) == 0 ? part.iov_len : 0;
}

/* The architecture that the filter put in the message of its stop; 0: the filter wasn't ours. */
static uint32_t arch_of_stop(pid_t tid) {
  unsigned long message;
  if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) != 0)
    return 0;
  for (size_t i = 0; abis[i] != NULL; i++)
    if (message == abi_mark(i))
      return abis[i]->audit_arch;
  return 0;
}

bool registers_entered(pid_t tid, struct call *call) {
  union registers registers;
  size_t size = read_registers(tid, &registers);
  if (size > 0)
    call_in(&registers, size, arch_of_stop(tid), call);
  return size > 0;
}

bool registers_left(pid_t tid, int64_t *result) {
  union registers registers;
  size_t size = read_registers(tid, &registers);
  if (size > 0)
    *result = result_in(&registers, size);
  return size > 0;
}
