/* The calls that are traced. table.inc has a row for each; a family of calls is a file here. */
#ifndef RPZ_CALLS_H
#define RPZ_CALLS_H

#include <stdint.h>

struct task;
struct abi;

/* At the entry of a call: look at its arguments (task->args), record or expect what it does. */
typedef void enter_function(struct task *task, const struct abi *abi);
/* At its end; most calls have none, and what was expected is recorded when RESULT isn't an error
 * (a negative errno). */
typedef void leave_function(struct task *task, int64_t result);

struct syscall_row {
  const char *name;
  uint32_t number;
  enter_function *enter; /* NULL: the program is told that the kernel doesn't have the call */
  leave_function *leave; /* NULL: as said above */
};

#define CALL(call, enter, leave) {#call, __NR_##call, enter, leave},

/* open.c */
enter_function enter_open, enter_openat, enter_openat2, enter_creat, enter_truncate;
/* metadata.c */
enter_function enter_path, enter_path_nofollow, enter_at, enter_at_flags3, enter_at_flags4,
    enter_statx, enter_readlink, enter_readlinkat;
/* names.c */
enter_function enter_rename, enter_renameat, enter_renameat2, enter_link, enter_linkat,
    enter_symlink, enter_symlinkat, enter_unlink, enter_unlinkat, enter_rmdir, enter_mkdir,
    enter_mkdirat, enter_mknod, enter_mknodat;
/* folder.c */
enter_function enter_chdir, enter_fchdir, enter_root;
/* exec.c */
enter_function enter_execve, enter_execveat;
/* socket.c */
enter_function enter_address, enter_accept;
leave_function leave_connect, leave_bind, leave_accept;
/* affinity.c */
enter_function enter_getaffinity, enter_setaffinity;
/* debug.c */
enter_function enter_ptrace;

#endif
