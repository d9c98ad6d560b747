#include "abi.h"

#include <asm/unistd_32.h>
#include <linux/audit.h>

static const struct syscall_row rows[] = {
#include "../syscalls/table.inc"
};

extern const struct abi i386;
const struct abi i386 = {"i386", AUDIT_ARCH_I386, 4, true, rows, ROW_COUNT(rows)};
