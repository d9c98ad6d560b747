"""The names of system calls by number.

python-ptrace has the table of each architecture, up to Linux 5.10. Calls that came later and that
this engine knows are added here, from ``asm-generic/unistd.h``: since 424 a call has the same
number on every architecture.
"""

from ptrace.syscall import SYSCALL_NAMES

NAMES = SYSCALL_NAMES | {
    452: "fchmodat2",
    463: "setxattrat",
    466: "removexattrat",
}
