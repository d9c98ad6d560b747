/* open(2), openat(2), openat2(2), creat(2), truncate(2). */
#include "../accelerator/folders.h"
#include "../fuse.h"
#include "../listing.h"
#include "../look.h"
#include "../memory.h"
#include "../placement.h"
#include "../snapshot.h"
#include "arguments.h"

#include <string.h>

/* struct open_how of <linux/openat2.h>, which older kernels' headers lack. */
struct how {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

/* Nobody is refused: the call's success need not be awaited. */
static bool anybody_may_read(const struct file *file) {
  mode_t all = S_IRUSR | S_IRGRP | S_IROTH;
  return (file->status.st_mode & all) == all;
}

static uint32_t access_of(uint64_t flags) {
  if ((flags & O_ACCMODE) == O_RDONLY)
    return READ;
  return (flags & O_ACCMODE) == O_WRONLY ? WRITE : READ | WRITE;
}

static bool creates_only(uint64_t flags) { return (flags & O_CREAT) && (flags & O_EXCL); }

/* The call would have done the same without the file: neither its content nor it itself matters. */
static bool replaces(uint64_t flags) { return (flags & O_TRUNC) && (flags & O_CREAT); }

static void open_link(struct task *task, const struct file *file, uint64_t flags) {
  if (flags & O_PATH) { /* any other way of opening the link itself fails */
    note_link(file->name);
    note_use(task, file, STAT | LINK);
  }
}

static void open_readable(struct task *task, const struct file *file) {
  note_use(task, file, READ);
  if (S_ISDIR(file->status.st_mode))
    note_listing(task, file->name, &file->status);
}

static void open_by_permission(struct task *task, const struct file *file, uint32_t mode,
                               uint64_t flags) {
  expect_file(task, file, mode, replaces(flags) ? TRUNCATED : 0);
  if (mode == READ && S_ISDIR(file->status.st_mode))
    expect_listing(task, file);
}

static void open_existing(struct task *task, const struct file *file, uint64_t flags) {
  uint32_t mode = access_of(flags);
  if ((flags & O_DIRECTORY) && !S_ISDIR(file->status.st_mode))
    return;
  fuse_note_open(&file->status);
  task->blocks = !S_ISREG(file->status.st_mode) && !S_ISDIR(file->status.st_mode);
  if (flags & O_PATH)
    note_use(task, file, STAT);
  else if (mode == READ && !(flags & O_TRUNC) && anybody_may_read(file))
    open_readable(task, file);
  else
    open_by_permission(task, file, mode, flags);
  if (!(flags & O_PATH) && ((mode & WRITE) || (flags & O_TRUNC)))
    keep_content(task, file);
}

/* A file that can't be asked for before; the name that it has may be another, behind links. */
static void open_unasked(struct task *task, const struct file *file, uint64_t flags) {
  uint32_t mode = flags & O_PATH ? STAT : creates_only(flags) ? WRITE : access_of(flags);
  expect_file(task, file, mode, flags & O_DIRECTORY ? DIRECTORY : 0);
  task->leave = leave_unasked;
}

/* A link has led out of what isn't asked. It is too late for what was there if that was emptied. */
static void note_outside(struct task *task, const struct file *file, uint32_t mode) {
  note_use(task, file, mode);
  if (mode & WRITE)
    not_kept(task, file, "it was opened by a link in a file system of the run's own (FUSE)");
  if (mode == READ && S_ISDIR(file->status.st_mode))
    note_listing(task, file->name, &file->status);
}

void leave_unasked(struct task *task, int64_t result) {
  struct file file;
  if (result < 0 || !resolve_open(task, (int)result, &file)) {
    record_result(task, result);
  } else if (file.unasked) {
    task->events[0].name = file.name;
    record_events(task);
  } else {
    note_outside(task, &file, task->events[0].mode);
  }
}

typedef bool resolver(const struct task *task, int dirfd, const char *path, enum follow follow,
                      struct file *file);

/* Such a file shows on which processors a process may run, also when it is read again. */
static bool shows_processors(const char *path) {
  static const char name[] = "/status";
  size_t length = strlen(path), tail = sizeof name - 1;
  return strncmp(path, "/proc/", 6) == 0 && length > tail &&
         strcmp(path + length - tail, name) == 0;
}

/* A call that was made already has opened a folder: calls may name it by its descriptor. */
static void remember_folder(const struct task *task, const struct file *file) {
  const struct look *look = task->look;
  if (look != NULL && look->result >= 0 && look->opened_inode != 0 && file->exists &&
      file->status.st_dev == look->opened_device && file->status.st_ino == look->opened_inode)
    folder_is(look->opened_device, look->opened_inode, file->name);
}

static void open_by(resolver *find, struct task *task, int dirfd, unsigned path, uint64_t flags) {
  char text[PATH_MAX];
  struct file file;
  enum follow follow = (flags & O_NOFOLLOW) || creates_only(flags) ? NOFOLLOW : FOLLOW;
  if (!text_argument(task, path, text, sizeof text))
    return;
  if (shows_processors(text))
    placement_stop();
  if (!find(task, dirfd, text, follow, &file))
    return;
  remember_folder(task, &file);
  if ((flags & O_TMPFILE) == O_TMPFILE) { /* a file without a name, in this folder */
    if (found(task, &file))
      note_use(task, &file, STAT);
  } else if (file.unasked) {
    open_unasked(task, &file, flags);
  } else if (!file.exists) {
    if (flags & O_CREAT)
      expect_file(task, &file, WRITE, 0);
    else
      note_absent(task, file.name);
  } else if (S_ISLNK(file.status.st_mode)) {
    open_link(task, &file, flags);
  } else if (!creates_only(flags)) {
    open_existing(task, &file, flags);
  }
}

static void open_file(struct task *task, int dirfd, unsigned path, uint64_t flags) {
  open_by(resolve, task, dirfd, path, flags);
}

void enter_open(struct task *task, const struct abi *abi) {
  (void)abi;
  open_file(task, AT_FDCWD, 0, task->args[1]);
}

void enter_openat(struct task *task, const struct abi *abi) {
  (void)abi;
  open_file(task, (int)task->args[0], 1, task->args[2]);
}

void enter_openat2(struct task *task, const struct abi *abi) {
  (void)abi;
  enum { IN_ROOT = 0x10 }; /* RESOLVE_IN_ROOT */
  struct how how;
  if (read_memory(task->tid, task->args[2], &how, sizeof how))
    open_by(how.resolve & IN_ROOT ? resolve_in_root : resolve, task, (int)task->args[0], 1,
            how.flags);
}

void enter_creat(struct task *task, const struct abi *abi) {
  (void)abi;
  open_file(task, AT_FDCWD, 0, O_WRONLY | O_CREAT | O_TRUNC);
}

void enter_truncate(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 0, FOLLOW, &file) && found(task, &file)) {
    keep_content(task, &file);
    expect_file(task, &file, WRITE, 0);
  }
}
