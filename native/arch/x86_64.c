#include "abi.h"

#include <asm/unistd_64.h>
#include <linux/audit.h>

static const struct syscall_row rows[] = {
#include "../syscalls/table.inc"
};

extern const struct abi x86_64;
const struct abi x86_64 = {"x86-64", AUDIT_ARCH_X86_64, 8, rows, ROW_COUNT(rows)};
