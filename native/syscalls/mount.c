/* Calls that change what is mounted where: mount(2), pivot_root(2), open_tree(2), setns(2), … */
#include "../record.h"
#include "arguments.h"

#include <linux/mount.h>
#include <stdio.h>

/* The namespace of TASK's mounts; 0: not known. */
static ino_t namespace_of(const char *task) {
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%s/ns/mnt", task);
  return stat(path, &status) == 0 ? status.st_ino : 0;
}

static bool has_own_mounts(const struct task *task) {
  char tid[16];
  snprintf(tid, sizeof tid, "%d", task->tid);
  ino_t theirs = namespace_of(tid);
  return theirs != 0 && theirs != namespace_of("self");
}

static void warn_of_namespace(const struct task *task) {
  static bool warned;
  if (!warned)
    record_warning(task->process,
                   "A process entered a mount namespace of its own (unshare, setns): its paths are "
                   "recorded as they are outside of it, and may be other files there");
  warned = true;
}

/* Names may be other files from now on. A namespace that was made unseen shows here. */
static void mounts_changed(const struct task *task) {
  names_changed();
  if (has_own_mounts(task))
    warn_of_namespace(task);
}

void leave_mount(struct task *task, int64_t result) {
  if (result >= 0)
    mounts_changed(task);
}

/* A source is a path when it is mounted again or moved, and usually when it is a device's; names
 * such as "proc" or "server:/folder" are none. */
static void note_source(struct task *task, uint64_t flags) {
  char text[PATH_MAX];
  struct file file;
  if (text_argument(task, 0, text, sizeof text) &&
      (text[0] == '/' || (flags & (MS_BIND | MS_MOVE))) &&
      resolve(task, AT_FDCWD, text, FOLLOW, &file))
    look_at(task, &file);
}

static void note_target(struct task *task, unsigned path, enum follow follow) {
  struct file file;
  if (path_argument(task, path, follow, &file))
    look_at(task, &file);
}

void enter_mount(struct task *task, const struct abi *abi) {
  (void)abi;
  note_source(task, task->args[3]);
  note_target(task, 1, FOLLOW);
}

void enter_umount(struct task *task, const struct abi *abi) {
  (void)abi;
  enum {
    NOFOLLOW_FLAG = 8
  }; /* UMOUNT_NOFOLLOW of <sys/mount.h>, which clashes with the kernel's */
  note_target(task, 0, task->args[1] & NOFOLLOW_FLAG ? NOFOLLOW : FOLLOW);
}

static void note_at(struct task *task, unsigned dirfd, enum follow follow) {
  struct file file;
  if (path_argument_at(task, dirfd, follow, &file))
    look_at(task, &file);
}

void enter_move_mount(struct task *task, const struct abi *abi) {
  (void)abi;
  uint64_t flags = task->args[4];
  note_at(task, 0, flags & MOVE_MOUNT_F_SYMLINKS ? FOLLOW : NOFOLLOW);
  note_at(task, 2, flags & MOVE_MOUNT_T_SYMLINKS ? FOLLOW : NOFOLLOW);
}

void enter_fspick(struct task *task, const struct abi *abi) {
  (void)abi;
  note_at(task, 0, task->args[2] & FSPICK_SYMLINK_NOFOLLOW ? NOFOLLOW : FOLLOW);
}

/* A path as the value of an option. */
void enter_fsconfig(struct task *task, const struct abi *abi) {
  (void)abi;
  char text[PATH_MAX];
  struct file file;
  uint64_t command = task->args[1];
  if ((command == FSCONFIG_SET_PATH || command == FSCONFIG_SET_PATH_EMPTY) &&
      text_argument(task, 3, text, sizeof text) &&
      resolve(task, (int)task->args[4], text, FOLLOW, &file))
    look_at(task, &file);
}

void enter_pivot_root(struct task *task, const struct abi *abi) {
  (void)abi;
  note_target(task, 0, FOLLOW);
  note_target(task, 1, FOLLOW);
  root_changes();
}

/* unshare, setns: whether it was into another namespace of mounts is seen afterwards. A thread may
 * have a working folder of its own from here on. */
void enter_namespace(struct task *task, const struct abi *abi) {
  (void)abi;
  accelerator_stop(task);
}

void leave_namespace(struct task *task, int64_t result) {
  if (result < 0 || !has_own_mounts(task))
    return;
  root_changes(); /* setns changes it */
  warn_of_namespace(task);
}

/* clone: the child has it. */
void leave_new_mounts(struct task *task, int64_t result) {
  if (result > 0)
    warn_of_namespace(task);
}
