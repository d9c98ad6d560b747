/* Calls that give, move or remove names: rename(2), link(2), symlink(2), unlink(2), mkdir(2). */
#include "../fuse.h"
#include "../snapshot.h"
#include "arguments.h"

#include <linux/fs.h>
#include <stdio.h>

static bool is_there(const struct file *file) { return file->exists && !file->unasked; }

/* The name itself is moved or removed, and existed: keep where it leads if it is a link. */
static void expect_name(struct task *task, const struct file *file, uint32_t mode) {
  if (file->exists && S_ISLNK(file->status.st_mode))
    note_link(file->name);
  expect_file(task, file, mode, 0);
}

/* Whether both are names of one file; of one that isn't asked for nobody knows. */
static bool is_same(const struct file *one, const struct file *other) {
  return !one->unasked && !other->unasked && one->status.st_dev == other->status.st_dev &&
         one->status.st_ino == other->status.st_ino;
}

static void rename_file(struct task *task, const struct file *old, const struct file *new,
                        uint64_t flags) {
  if (!found(task, old) || (is_there(new) && (flags & RENAME_NOREPLACE)))
    return;
  if (new->exists && is_same(old, new)) { /* rename(2) then does nothing */
    look_at(task, old);
    look_at(task, new);
    return;
  }
  expect_name(task, old, READ | LINK);
  if (new->exists && S_ISLNK(new->status.st_mode))
    note_link(new->name);
  if (new->exists && !(flags & RENAME_EXCHANGE))
    keep_removed(task, new);
  expect_file(task, new, WRITE | LINK, S_ISDIR(old->status.st_mode) ? DIRECTORY : 0);
  expect_rename(task, old->name, new->name, flags & RENAME_EXCHANGE ? EXCHANGED : RENAMED);
}

void enter_rename(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file old, new;
  if (path_argument(task, 0, NOFOLLOW, &old) && path_argument(task, 1, NOFOLLOW, &new))
    rename_file(task, &old, &new, 0);
}

static void rename_at(struct task *task, uint64_t flags) {
  struct file old, new;
  if (path_argument_at(task, 0, NOFOLLOW, &old) && path_argument_at(task, 2, NOFOLLOW, &new))
    rename_file(task, &old, &new, flags);
}

void enter_renameat(struct task *task, const struct abi *abi) {
  (void)abi;
  rename_at(task, 0);
}

void enter_renameat2(struct task *task, const struct abi *abi) {
  (void)abi;
  rename_at(task, task->args[4]);
}

static void link_file(struct task *task, const struct file *old, const struct file *new) {
  if (is_there(new))
    return;
  if (old->name != NULL && found(task, old))
    expect_name(task, old, READ | LINK);
  if (is_there(old) && old->status.st_nlink == 0) /* of O_TMPFILE: the run has made it */
    settle(&old->status);
  expect_file(task, new, WRITE | LINK, 0);
  if (old->exists)
    expect_rename(task, old->name, new->name, HARD_LINKED);
}

void enter_link(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file old, new;
  if (path_argument(task, 0, NOFOLLOW, &old) && path_argument(task, 1, NOFOLLOW, &new))
    link_file(task, &old, &new);
}

/* A file of O_TMPFILE has no path, but the run has made it. */
static void settle_fd(const struct task *task, int fd) {
  char link[64];
  struct stat status;
  snprintf(link, sizeof link, "/proc/%d/fd/%d", task->tid, fd);
  if (fuse_stat(link, &status) == 0 && status.st_nlink == 0)
    settle(&status);
}

void enter_linkat(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file old, new;
  uint64_t flags = task->args[4];
  enum follow follow = flags & AT_SYMLINK_FOLLOW ? FOLLOW : NOFOLLOW;
  if (!path_argument_at(task, 0, follow, &old)) {
    /* A file without a name is given one: by descriptor, or through /proc. */
    if (!(flags & AT_EMPTY_PATH) || !resolve_fd(task, (int)task->args[0], &old))
      old = (struct file){.name = NULL, .exists = false};
    if (old.name == NULL && (flags & AT_EMPTY_PATH))
      settle_fd(task, (int)task->args[0]);
  }
  if (path_argument_at(task, 2, NOFOLLOW, &new))
    link_file(task, &old, &new);
}

static void make(struct task *task, const struct file *file, uint32_t mode, uint32_t flags) {
  if (!is_there(file))
    expect_file(task, file, mode, flags);
}

static void make_path(struct task *task, unsigned path, uint32_t mode, uint32_t flags) {
  struct file file;
  if (path_argument(task, path, NOFOLLOW, &file))
    make(task, &file, mode, flags);
}

static void make_at(struct task *task, unsigned dirfd, uint32_t mode, uint32_t flags) {
  struct file file;
  if (path_argument_at(task, dirfd, NOFOLLOW, &file))
    make(task, &file, mode, flags);
}

void enter_symlink(struct task *task, const struct abi *abi) {
  (void)abi;
  make_path(task, 1, WRITE | LINK, 0);
}

void enter_symlinkat(struct task *task, const struct abi *abi) {
  (void)abi;
  make_at(task, 1, WRITE | LINK, 0);
}

void enter_mkdir(struct task *task, const struct abi *abi) {
  (void)abi;
  make_path(task, 0, WRITE, DIRECTORY);
}

void enter_mkdirat(struct task *task, const struct abi *abi) {
  (void)abi;
  make_at(task, 0, WRITE, DIRECTORY);
}

void enter_mknod(struct task *task, const struct abi *abi) {
  (void)abi;
  make_path(task, 0, WRITE, 0);
}

void enter_mknodat(struct task *task, const struct abi *abi) {
  (void)abi;
  make_at(task, 0, WRITE, 0);
}

static void remove_file(struct task *task, const struct file *file, bool folder) {
  if (!found(task, file) || (!file->unasked && folder != S_ISDIR(file->status.st_mode)))
    return;
  keep_removed(task, file);
  expect_name(task, file, STAT | LINK);
  expect_remove(task, file->name, folder ? DIRECTORY : 0);
}

void enter_unlink(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 0, NOFOLLOW, &file))
    remove_file(task, &file, false);
}

void enter_unlinkat(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument_at(task, 0, NOFOLLOW, &file))
    remove_file(task, &file, task->args[2] & AT_REMOVEDIR);
}

void enter_rmdir(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 0, NOFOLLOW, &file))
    remove_file(task, &file, true);
}
