/* A calling convention of the kernel: which numbers its calls have, and how wide its pointers are.
 * One process may use several: x86-64 programs can make i386 and x32 calls. */
#ifndef RPZ_ABI_H
#define RPZ_ABI_H

#include "../call.h"
#include "../syscalls/calls.h"

/* The values that the table's conditions ask for. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mount.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/types.h>

/* Linux 5.6. */
#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif

struct abi {
  const char *name;
  uint32_t audit_arch; /* seccomp_data.arch: AUDIT_ARCH_* */
  size_t word;         /* bytes of a pointer in memory */
  bool narrow;         /* arguments have 32 bits: one of 64 takes two (x32 has 64) */
  const struct syscall_row *rows;
  size_t row_count;
};

/* Have the call that TID is entering fail with ERROR instead of being made. */
void refuse_call(pid_t tid, int error);

/* Change the first argument of the call that TID is entering, and at its end put it back where
 * programs find it unchanged. ARCH: of its ABI. */
void change_first_argument(pid_t tid, uint32_t arch, uint64_t value);
void restore_first_argument(pid_t tid, uint32_t arch, uint64_t value);

/* A call that a signal has cut short, the kernel makes again or not, as sigaction(2) was told; what
 * these do is for calls that no signal cuts short unless we are asked about them first. Whether
 * they can be done on this machine: */
extern const bool can_repeat_call;
/* Whether the signal that TID has stopped for has cut short a call (of abis[0]): *CALL. */
bool call_was_cut(pid_t tid, struct call *call);
/* Have the kernel make that call again, whatever sigaction(2) was told. */
void repeat_call(pid_t tid);

/* The conventions that programs of this machine use; ends with NULL. */
extern const struct abi *const abis[];

/* What the filter gives to a stop at a call of abis[INDEX]: SECCOMP_RET_DATA, 16 bits. */
static inline uint16_t abi_mark(size_t index) {
  enum { MARK = 0x5250 }; /* a program's own filter hardly gives the same */
  return (uint16_t)(MARK + index);
}

#define ROW_COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

#endif
