/* Calls that few programs make. Most need privileges, or a file of a kind that isn't here: what
 * they name is known before they fail. */
#include "check.h"

#include <linux/bpf.h>
#include <linux/mount.h>
#include <linux/quota.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/xattr.h>

static void fresh(const char *path) {
  make_file(path);
  expect("STAT:EXISTED", path);
}

static void fresh_folder(const char *path) {
  CHECK(mkdir(path, 0755) == 0);
  expect("STAT:DIRECTORY|EXISTED", path);
}

static void fresh_link(const char *path) {
  CHECK(symlink("target", path) == 0);
  expect("STAT|LINK:EXISTED", path);
}

static void fails(long result) { CHECK(result == -1); }

static void watches(void) {
  int fd = inotify_init1(IN_CLOEXEC);
  fresh("watched");
  CHECK(inotify_add_watch(fd, "watched", IN_MODIFY) >= 0);
  fresh_link("watched-link");
  CHECK(inotify_add_watch(fd, "watched-link", IN_MODIFY | IN_DONT_FOLLOW) >= 0);
  fresh("marked");
  fails(fanotify_mark(-1, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "marked"));
  fresh_link("marked-link");
  fails(fanotify_mark(-1, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW, FAN_OPEN, AT_FDCWD, "marked-link"));
}

/* Whether a handle can be opened depends on the file system and on privileges. */
static void handles(void) {
  union {
    struct file_handle handle;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } by = {.handle.handle_bytes = MAX_HANDLE_SZ};
  int mount;
  fresh_link("handle-link");
  name_to_handle_at(AT_FDCWD, "handle-link", &by.handle, &mount, 0);
  fresh("handle");
  by.handle.handle_bytes = MAX_HANDLE_SZ;
  if (name_to_handle_at(AT_FDCWD, "handle", &by.handle, &mount, 0) != 0)
    return;
  int folder = open(".", O_RDONLY | O_DIRECTORY);
  if (open_by_handle_at(folder, &by.handle, O_RDONLY) >= 0)
    expect("READ:EXISTED", "handle");
}

static void mounts(void) {
  fresh_folder("source");
  fresh_folder("place");
  fails(syscall(SYS_mount, "source", "place", NULL, MS_BIND | MS_REMOUNT | MS_MOVE, NULL));
  fresh_folder("unmounted");
  fails(syscall(SYS_umount2, "unmounted", 0));
  fresh_folder("tree");
  CHECK(syscall(SYS_open_tree, AT_FDCWD, "tree", 0) >= 0);
  fresh_folder("picked");
  fails(syscall(SYS_fspick, AT_FDCWD, "picked", 0));
  fresh_folder("from");
  fresh_folder("to");
  fails(syscall(SYS_move_mount, AT_FDCWD, "from", AT_FDCWD, "to", 0));
  fresh("option");
  fails(syscall(SYS_fsconfig, -1, FSCONFIG_SET_PATH, "key", "option", AT_FDCWD));
  fresh_folder("changed");
  fails(syscall(SYS_mount_setattr, AT_FDCWD, "changed", 0, NULL, 0));
  make_file("proc"); /* the name of a type is no path */
  fails(syscall(SYS_mount, "proc", "no-place", "proc", 0, NULL));
  expect("NEVER_STAT", "proc");
}

static void machine(void) {
  fresh("swapped");
  fails(swapon("swapped", 0));
  fresh("not-swapped");
  fails(swapoff("not-swapped"));
  fresh_folder("account");
  fails(acct("account"));
  fresh("quota");
  fails(syscall(SYS_quotactl, QCMD(Q_GETQUOTA, 0), "quota", 0, NULL));
  union bpf_attr object = {.pathname = (__u64)(unsigned long)"no-object"};
  fails(syscall(SYS_bpf, BPF_OBJ_GET, &object, sizeof object));
  expect("ABSENT", "no-object");
}

static void attributes(void) {
  struct statfs fs;
  char text[16];
  fresh("statfs");
  CHECK(statfs("statfs", &fs) == 0);
  fresh("futimesat");
  CHECK(futimesat(AT_FDCWD, "futimesat", NULL) == 0);
  fresh("fchmodat");
  CHECK(fchmodat(AT_FDCWD, "fchmodat", 0600, 0) == 0);
  fresh("getxattr");
  fails(getxattr("getxattr", "user.none", text, sizeof text));
  fresh("listxattr");
  CHECK(listxattr("listxattr", text, 0) >= 0);
  fresh("removexattr");
  fails(removexattr("removexattr", "user.none"));
  fresh_link("lgetxattr");
  fails(lgetxattr("lgetxattr", "user.none", text, sizeof text));
  fresh_link("lsetxattr");
  fails(lsetxattr("lsetxattr", "user.none", "x", 1, 0));
  fresh_link("llistxattr");
  CHECK(llistxattr("llistxattr", text, 0) >= 0);
  fresh_link("lremovexattr");
  fails(lremovexattr("lremovexattr", "user.none"));
  CHECK(mknodat(AT_FDCWD, "node", S_IFIFO | 0600, 0) == 0);
  expect("WRITE:", "node");
}

int main(void) {
  watches();
  handles();
  mounts();
  machine();
  attributes();
  return 0;
}
