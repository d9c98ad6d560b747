#include "abi.h"

#include <linux/audit.h>

/* <asm/unistd.h> chooses the numbers, with the bit that marks them, by this macro. */
#define __ILP32__ 1
#include <asm/unistd.h>

static const struct syscall_row rows[] = {
#include "../syscalls/table.inc"
};

extern const struct abi x32;
const struct abi x32 = {"x32", AUDIT_ARCH_X86_64, 4, false, rows, ROW_COUNT(rows)};
