#include "abi.h"

#include <asm/unistd.h>
#include <linux/audit.h>

static const struct syscall_row rows[] = {
#include "../syscalls/table.inc"
};

extern const struct abi aarch64;
const struct abi aarch64 = {"aarch64", AUDIT_ARCH_AARCH64, 8, rows, ROW_COUNT(rows)};
