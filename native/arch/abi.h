/* A calling convention of the kernel: which numbers its calls have, and how wide its pointers are.
 * One process may use several: x86-64 programs can make i386 and x32 calls. */
#ifndef RPZ_ABI_H
#define RPZ_ABI_H

#include "../syscalls/calls.h"

#include <stddef.h>
#include <stdint.h>

struct abi {
  const char *name;
  uint32_t audit_arch; /* seccomp_data.arch: AUDIT_ARCH_* */
  size_t word;         /* bytes of a pointer */
  const struct syscall_row *rows;
  size_t row_count;
};

/* The conventions that programs of this machine use; ends with NULL. */
extern const struct abi *const abis[];

/* What the filter gives to a stop at a call of abis[INDEX]: SECCOMP_RET_DATA, 16 bits. */
static inline uint16_t abi_mark(size_t index) {
  enum { MARK = 0x5250 }; /* a program's own filter hardly gives the same */
  return (uint16_t)(MARK + index);
}

#define ROW_COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

#endif
