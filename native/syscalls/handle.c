/* Files by the kernel's handles: name_to_handle_at(2), open_by_handle_at(2). */
#include "../deep.h"
#include "../fuse.h"
#include "../listing.h"
#include "../memory.h"
#include "../record.h"
#include "../snapshot.h"
#include "arguments.h"

#include <stdio.h>
#include <unistd.h>

void enter_name_to_handle_at(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  enum follow follow = task->args[4] & AT_SYMLINK_FOLLOW ? FOLLOW : NOFOLLOW;
  if (path_argument_at(task, 0, follow, &file))
    look_at(task, &file);
}

static bool changes_content(uint64_t flags) {
  return !(flags & O_PATH) && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC));
}

/* To open it would be to ask its server. */
static bool is_served(const char *link) {
  char path[PATH_MAX];
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = '\0';
  return fuse_serves(path);
}

/* A descriptor of our own on the file system that FD of TASK is on. Opening what is neither a file
 * nor a folder might do something. */
static int open_mount(const struct task *task, int fd) {
  char link[64];
  struct stat status;
  if (fd == AT_FDCWD)
    snprintf(link, sizeof link, "/proc/%d/cwd", task->tid);
  else
    snprintf(link, sizeof link, "/proc/%d/fd/%d", task->tid, fd);
  if (is_served(link) || fuse_stat(link, &status) != 0 ||
      (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
    return -1;
  return open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Open the file itself, as the call will; that takes CAP_DAC_READ_SEARCH, as it does for the
 * program. */
static int open_handle(const struct task *task) {
  union {
    struct file_handle handle;
    char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } by;
  CLEANUP_FD int mount = open_mount(task, (int)task->args[0]);
  if (mount < 0 || !read_memory(task->tid, task->args[1], &by, sizeof by.handle) ||
      by.handle.handle_bytes > MAX_HANDLE_SZ ||
      !read_memory(task->tid, task->args[1], &by, sizeof by.handle + by.handle.handle_bytes))
    return -1;
  return open_by_handle_at(mount, &by.handle, O_PATH | O_CLOEXEC);
}

/* The file that a handle stands for; false: we can't open it, or the kernel knows no name of it. */
static bool resolve_handle(const struct task *task, struct file *file) {
  char link[64], path[PATH_MAX];
  struct stat status;
  CLEANUP_FD int fd = open_handle(task);
  if (fd < 0)
    return false;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  if (length <= 0 || length == sizeof path || path[0] != '/' || fstat(fd, &status) != 0)
    return false;
  *file = (struct file){.name = name_of(path, (size_t)length)};
  file->exists = deep_stat(file->name->text, &file->status, AT_SYMLINK_NOFOLLOW) == 0 &&
                 file->status.st_dev == status.st_dev && file->status.st_ino == status.st_ino;
  return file->exists;
}

/* Which file was opened shows at the end; what it was, if the call may empty it, at the entry only.
 */
void enter_open_by_handle_at(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (!changes_content(task->args[2]))
    return;
  if (resolve_handle(task, &file))
    keep_content(task, &file);
  else if (task->args[2] & O_TRUNC)
    task->leave = leave_emptied_by_handle;
}

static uint32_t mode_of(uint64_t flags) {
  if (flags & O_PATH)
    return STAT;
  if ((flags & O_ACCMODE) == O_RDONLY)
    return READ;
  return (flags & O_ACCMODE) == O_WRONLY ? WRITE : READ | WRITE;
}

/* Said once. A file that was removed is nobody's input. */
static void warn_of_name(const struct task *task, int fd) {
  static bool warned;
  char link[64];
  struct stat status;
  snprintf(link, sizeof link, "/proc/%d/fd/%d", task->tid, fd);
  if (warned || fuse_stat(link, &status) != 0 || status.st_nlink == 0)
    return;
  warned = true;
  record_warning(task->process, "A file was opened by its handle, and the kernel knows no name of "
                                "it: it is not in the trace, nor what it was if it was changed");
}

static bool note_open(struct task *task, int64_t result, struct file *file) {
  if (result < 0)
    return false;
  if (!resolve_open(task, (int)result, file)) {
    warn_of_name(task, (int)result);
    return false;
  }
  note_use(task, file, mode_of(task->args[2]));
  return true;
}

void leave_open_by_handle_at(struct task *task, int64_t result) {
  struct file file;
  if (!note_open(task, result, &file))
    return;
  if (changes_content(task->args[2])) /* if it couldn't before: nothing is written yet */
    keep_content(task, &file);
  else if (!(task->args[2] & O_PATH) && S_ISDIR(file.status.st_mode))
    note_listing(task, file.name, &file.status);
}

void leave_emptied_by_handle(struct task *task, int64_t result) {
  struct file file;
  if (note_open(task, result, &file))
    not_kept(task, &file, "it was emptied as it was opened by its handle");
}
