/* The calls that are traced. table.inc has a row for each; a family of calls is a file here. */
#ifndef RPZ_CALLS_H
#define RPZ_CALLS_H

#include <stdint.h>
#include <sys/types.h>

struct task;
struct abi;

/* At the entry of a call: look at its arguments (task->args), record or expect what it does. */
typedef void enter_function(struct task *task, const struct abi *abi);
/* At its end; most calls have none, and what was expected is recorded when RESULT isn't an error
 * (a negative errno). */
typedef void leave_function(struct task *task, int64_t result);

/* Which calls of a row stop the process: the filter can look at the value of an argument, not at
 * what it points to. */
struct condition {
  /* The argument has a bit of MASK; is one's number; is what a program asks getrandom(2) for */
  enum { EVERY, NONE, WITH_BIT, ONE_OF, RANDOM_BYTES } test;
  unsigned argument;
  uint64_t mask;
};

struct syscall_row {
  const char *name;
  uint32_t number;
  enter_function *enter;
  leave_function *leave; /* NULL: as said above */
  struct condition when;
  struct condition changes; /* which of them may do more than look */
};

#define CALL(call, enter, leave) {#call, __NR_##call, enter, leave, {EVERY, 0, 0}, {EVERY, 0, 0}},
/* A row whose calls stop on a condition only; ENTER checks it again where that matters. */
#define CALL_IF(when, call, enter, leave) {#call, __NR_##call, enter, leave, when, {EVERY, 0, 0}},
/* Calls that look and change nothing: we may be told of them instead of stopping them (notify.h),
 * so that ENTER can't read or change registers. */
#define LOOK(call, enter) {#call, __NR_##call, enter, NULL, {EVERY, 0, 0}, {NONE, 0, 0}},
#define LOOK_IF(when, call, enter) {#call, __NR_##call, enter, NULL, when, {NONE, 0, 0}},
#define LOOK_UNLESS(changes, call, enter) {#call, __NR_##call, enter, NULL, {EVERY, 0, 0}, changes},
#define NOT_ZERO(argument) {WITH_BIT, argument, UINT64_MAX}
#define HAS_FLAG(argument, flag) {WITH_BIT, argument, flag}
#define IS_ONE_OF(argument, bits) {ONE_OF, argument, bits}
/* The flags behind ARGUMENT have no bit of FLAGS, or there are SIZE bytes or more. */
#define ARE_RANDOM_BYTES(argument, flags, size)                                                    \
  {RANDOM_BYTES, argument, (uint64_t)(size) << 32 | (flags)}
#define BIT(number) (UINT64_C(1) << (number))
/* open(2) for writing (O_WRONLY, O_RDWR), or what makes or empties a file. */
#define OPENS_TO_CHANGE (O_ACCMODE | O_CREAT | O_TRUNC)
/* The calls inside of socketcall(2) that can have an address. */
#define NAMING_SOCKETCALLS                                                                         \
  (BIT(SYS_CONNECT) | BIT(SYS_BIND) | BIT(SYS_ACCEPT) | BIT(SYS_ACCEPT4) | BIT(SYS_SENDTO) |       \
   BIT(SYS_SENDMSG) | BIT(SYS_SENDMMSG))

/* open.c */
enter_function enter_open, enter_openat, enter_openat2, enter_creat, enter_truncate;
leave_function leave_unasked;
/* metadata.c */
enter_function enter_path, enter_path_nofollow, enter_at, enter_at_flags3, enter_at_flags4,
    enter_at_flags2, enter_readlink, enter_readlinkat, enter_change, enter_change_nofollow,
    enter_change_at, enter_change_at_flags2, enter_change_at_flags3, enter_change_at_flags4,
    enter_change_open;
/* names.c */
enter_function enter_rename, enter_renameat, enter_renameat2, enter_link, enter_linkat,
    enter_symlink, enter_symlinkat, enter_unlink, enter_unlinkat, enter_rmdir, enter_mkdir,
    enter_mkdirat, enter_mknod, enter_mknodat;
/* folder.c */
enter_function enter_chdir, enter_fchdir, enter_chroot;
/* mount.c */
enter_function enter_mount, enter_umount, enter_move_mount, enter_pivot_root, enter_fsconfig,
    enter_fspick, enter_namespace;
leave_function leave_mount, leave_namespace, leave_new_mounts;
/* clone.c */
enter_function enter_clone, enter_clone3;
leave_function leave_clone;
/* TASK has made CHILD: what its flags were is known from the entry of its call. */
void clone_done(struct task *task, pid_t child);
/* handle.c */
enter_function enter_name_to_handle_at, enter_open_by_handle_at;
leave_function leave_open_by_handle_at, leave_emptied_by_handle;
/* watch.c */
enter_function enter_inotify_add_watch, enter_fanotify_mark;
/* system.c */
enter_function enter_quotactl, enter_uselib, enter_bpf;
/* exec.c */
enter_function enter_execve, enter_execveat;
/* After the exec: add what runs to the images, where the files themselves don't say it. */
void add_running_image(struct task *task);
/* socket.c */
enter_function enter_connect, enter_bind, enter_accept, enter_sendto, enter_sendmsg, enter_sendmmsg,
    enter_socketcall;
leave_function leave_connect, leave_bind, leave_accept, leave_sendto, leave_sendmmsg;
/* ring.c */
enter_function enter_io_uring_setup;
/* Leave io_uring to the programs, although what they open through it is missed. */
void allow_io_uring(void);
/* affinity.c */
enter_function enter_getaffinity, enter_setaffinity;
/* debug.c */
enter_function enter_ptrace, enter_seccomp, enter_prctl;
/* random.c */
enter_function enter_getrandom;

#endif
