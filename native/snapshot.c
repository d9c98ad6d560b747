#include "snapshot.h"

#include "copy.h"
#include "deep.h"
#include "inodes.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int folder = -1;
static char folder_path[PATH_MAX];
static uint64_t limit;
static uint32_t count;
/* The run has made them, or their content is kept, or couldn't be. An inode that the run has made
 * never becomes one from before it, so nothing is ever taken out. */
static struct inodes settled;
/* Their mode, owner and times are kept. */
static struct inodes described;

/* What was kept of a file that had other names: a tree of tsearch(3). */
struct linked {
  struct stat status;
  struct name *name; /* by which it was changed */
  uint32_t number;
  enum snapshot_kind kind;
};
static void *linked;

void snapshots_open(const char *path, uint64_t largest) {
  folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0 || realpath(path, folder_path) == NULL)
    die("%s can't hold snapshots: %s. Choose another folder: rpz trace -d FOLDER.", path,
        strerror(errno));
  limit = largest;
}

void snapshots_stop(const struct task *task) {
  if (folder < 0)
    return;
  close(folder);
  folder = -1;
  record_warning(task->process, "A program of the run decides who may open files (fanotify): from "
                                "then on nothing was kept of files that the run changed, which are "
                                "packed as they were after it");
}

static bool is_below(const char *path, const char *parent) {
  size_t length = strlen(parent);
  return strncmp(path, parent, length) == 0 && path[length] == '/';
}

/* What the kernel makes up as it is read, and what is ours, is nobody's input. */
static bool is_input(const char *path) {
  return !is_below(path, "/proc") && !is_below(path, "/sys") && !is_below(path, "/dev") &&
         !is_below(path, folder_path);
}

static bool is_unsettled(const struct file *file) {
  return folder >= 0 && file->exists && !file->unasked && S_ISREG(file->status.st_mode) &&
         !inodes_have(&settled, &file->status) && is_input(file->name->text);
}

/* Programs try to open for writing what they may only read: no copy for that. Root and the owner
 * aren't asked: in a user namespace they may do more than we may. */
static bool may_write(const char *path, const struct stat *status) {
  uid_t user = geteuid();
  return user == 0 || user == status->st_uid || deep_access(path, W_OK) == 0;
}

static bool may_remove(const struct file *file) {
  char parent[PATH_MAX];
  size_t length = (size_t)(strrchr(file->name->text, '/') - file->name->text) + 1;
  if (length >= sizeof parent)
    return true;
  memcpy(parent, file->name->text, length);
  parent[length] = '\0';
  return may_write(parent, &file->status);
}

/* Without touching its access time, where we may. */
static int open_source(const struct file *file) {
  struct stat status;
  int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  int fd = deep_open(file->name->text, flags | O_NOATIME);
  if (fd < 0 && errno == EPERM)
    fd = deep_open(file->name->text, flags);
  if (fd >= 0 && (fstat(fd, &status) != 0 || status.st_dev != file->status.st_dev ||
                  status.st_ino != file->status.st_ino)) {
    close(fd); /* another took its name just now */
    errno = ESTALE;
    return -1;
  }
  return fd;
}

static bool copy_to(const char *name, int from, off_t size) {
  CLEANUP_FD int to =
      openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  return to >= 0 && copy_content(from, to, size);
}

/* Copy FILE to the snapshot NUMBER: under another name until it is whole. Returns an errno, or 0.
 */
static int store(const struct file *file, uint32_t number) {
  char part[32], whole[32];
  snprintf(whole, sizeof whole, "%u", number);
  snprintf(part, sizeof part, "%u.part", number);
  CLEANUP_FD int from = open_source(file);
  if (from < 0)
    return errno;
  if (copy_to(part, from, file->status.st_size) && renameat(folder, part, folder, whole) == 0)
    return 0;
  int error = errno;
  unlinkat(folder, part, 0);
  return error;
}

static void warn(const struct task *task, const struct file *file, const char *why) {
  static const char what[] = " was changed by the run, and what it was before is not kept: ";
  struct buffer text = {0};
  buffer_append(&text, file->name->text, file->name->length);
  buffer_append(&text, what, sizeof what - 1);
  buffer_append(&text, why, strlen(why) + 1);
  record_warning(task->process, text.data);
  buffer_free(&text);
}

static void record(const struct task *task, const struct file *file, uint32_t number,
                   enum snapshot_kind kind) {
  record_snapshot(task->process, name_number(file->name), number, kind, &file->status);
}

static int compare(const void *one, const void *other) {
  const struct stat *a = &((const struct linked *)one)->status;
  const struct stat *b = &((const struct linked *)other)->status;
  if (a->st_dev != b->st_dev)
    return a->st_dev < b->st_dev ? -1 : 1;
  return (a->st_ino > b->st_ino) - (a->st_ino < b->st_ino);
}

static void remember_linked(const struct file *file, uint32_t number, enum snapshot_kind kind) {
  if (file->status.st_nlink < 2)
    return;
  struct linked *one = xmalloc(sizeof *one);
  *one = (struct linked){file->status, file->name, number, kind};
  if (tsearch(one, &linked, compare) == NULL)
    die("The tracer is out of memory.");
}

/* FILE was kept when it was changed by another name, and is about to lose this one: from then on
 * nobody could tell that the copy is of it, too. */
static void record_other_name(const struct task *task, const struct file *file) {
  struct linked key = {.status = file->status};
  struct linked **found = tfind(&key, &linked, compare);
  if (found == NULL)
    return;
  if ((*found)->name != file->name)
    record_snapshot(task->process, name_number(file->name), (*found)->number, (*found)->kind,
                    &(*found)->status);
  if (file->status.st_nlink < 2) { /* its last name: the inode may be a new file's soon */
    struct linked *gone = *found;
    tdelete(&key, &linked, compare);
    free(gone);
  }
}

static void finish(const struct task *task, const struct file *file, uint32_t number,
                   enum snapshot_kind kind) {
  record(task, file, number, kind);
  remember_linked(file, number, kind);
}

static void keep(const struct task *task, const struct file *file) {
  settle(&file->status);
  if ((uint64_t)file->status.st_size > limit) {
    finish(task, file, 0, TOO_LARGE);
    warn(task, file, "it is larger than --snapshot-limit");
    return;
  }
  int error = store(file, count + 1);
  if (error == 0) {
    finish(task, file, ++count, KEPT_CONTENT);
  } else {
    finish(task, file, 0, NOT_KEPT);
    warn(task, file, strerror(error));
  }
}

void keep_content(const struct task *task, const struct file *file) {
  if (is_unsettled(file) && may_write(file->name->text, &file->status))
    keep(task, file);
}

void not_kept(const struct task *task, const struct file *file, const char *why) {
  if (!is_unsettled(file))
    return;
  settle(&file->status);
  finish(task, file, 0, NOT_KEPT);
  warn(task, file, why);
}

void keep_removed(const struct task *task, const struct file *file) {
  if (is_unsettled(file) && may_remove(file))
    keep(task, file);
  else if (file->exists && !file->unasked && S_ISREG(file->status.st_mode))
    record_other_name(task, file);
}

void keep_status(const struct task *task, const struct file *file) {
  if (is_unsettled(file) && inodes_add(&described, &file->status))
    record(task, file, 0, KEPT_STATUS);
}

void settle(const struct stat *status) {
  if (folder >= 0 && S_ISREG(status->st_mode))
    inodes_add(&settled, status);
}

void settle_name(const struct name *name) {
  struct stat status;
  if (folder >= 0 && deep_stat(name->text, &status, AT_SYMLINK_NOFOLLOW) == 0)
    settle(&status);
}
