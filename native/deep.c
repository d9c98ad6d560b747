#include "deep.h"

#include "fuse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A path one folder deeper is a whole path in the trace. Who goes down without end must not fill
 * the memory and the disk with them: so many bytes of such paths in all, then no more. */
enum { MAX_BYTES = 256 << 20 };

/* The folder that was found last: who works there asks for it at each call, and who goes on to the
 * next has only one step to find. */
static struct {
  struct buffer path;
  struct stat status;
} last;
static size_t bytes_found;

/* Open the folder that is named by the first components of PATH, as many as a call takes, and move
 * PATH behind them. */
static int open_first(int from, const char **path) {
  char part[PATH_MAX];
  const char *end = memrchr(*path, '/', sizeof part - 1);
  if (end == NULL) {
    errno = ENAMETOOLONG;
    return -1;
  }
  size_t length = (size_t)(end - *path);
  memcpy(part, *path, length);
  part[length] = '\0';
  *path = end + 1;
  return openat(from, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Open the folder from which the rest of PATH is short enough, and move PATH there. */
static int reach(const char **path) {
  const char *end = *path + strlen(*path);
  if (end - *path < PATH_MAX) { /* one component is too long: there can't be such a file */
    errno = ENAMETOOLONG;
    return -1;
  }
  int folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  ++*path;
  while (folder >= 0 && end - *path >= PATH_MAX) {
    int next = open_first(folder, path);
    close_fd(&folder);
    folder = next;
  }
  return folder;
}

/* Who serves PATH may be waiting for us. */
static bool may_not_ask(const char *path) {
  if (!fuse_serves(path))
    return false;
  errno = EBUSY;
  return true;
}

int deep_stat(const char *path, struct stat *status, int flags) {
  if (may_not_ask(path))
    return -1;
  int result = fstatat(AT_FDCWD, path, status, flags);
  if (result == 0 || errno != ENAMETOOLONG)
    return result;
  CLEANUP_FD int folder = reach(&path);
  return folder < 0 ? -1 : fstatat(folder, path, status, flags);
}

int deep_open(const char *path, int flags) {
  if (may_not_ask(path))
    return -1;
  int fd = open(path, flags);
  if (fd >= 0 || errno != ENAMETOOLONG)
    return fd;
  CLEANUP_FD int folder = reach(&path);
  return folder < 0 ? -1 : openat(folder, path, flags);
}

ssize_t deep_readlink(const char *path, char *target, size_t size) {
  if (may_not_ask(path))
    return -1;
  ssize_t length = readlink(path, target, size);
  if (length >= 0 || errno != ENAMETOOLONG)
    return length;
  CLEANUP_FD int folder = reach(&path);
  return folder < 0 ? -1 : readlinkat(folder, path, target, size);
}

int deep_access(const char *path, int mode) {
  if (may_not_ask(path))
    return -1;
  int result = access(path, mode);
  if (result == 0 || errno != ENAMETOOLONG)
    return result;
  CLEANUP_FD int folder = reach(&path);
  return folder < 0 ? -1 : faccessat(folder, path, mode, 0);
}

static bool is_same(const struct stat *one, const struct stat *other) {
  return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

static void prepend(struct buffer *path, const char *text, size_t length) {
  buffer_reserve(path, length);
  memmove(path->data + length, path->data, path->size);
  memcpy(path->data, text, length);
  path->size += length;
}

/* Whether it is the folder that was found last, and has still that path. */
static bool is_last(const struct stat *status) {
  struct stat now;
  return last.path.size > 0 && is_same(status, &last.status) &&
         deep_stat(last.path.data, &now, AT_SYMLINK_NOFOLLOW) == 0 && is_same(status, &now);
}

/* Put the path of FOLDER before PATH, if it is known or short. */
static bool prepend_known(int folder, const struct stat *status, struct buffer *path) {
  char link[64], target[PATH_MAX];
  if (is_last(status)) {
    prepend(path, last.path.data, last.path.size - 1);
    return true;
  }
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, target, sizeof target);
  if (length <= 0 || (size_t)length == sizeof target || target[0] != '/')
    return false;
  prepend(path, target, (size_t)length);
  return true;
}

static bool is_entry_of(DIR *parent, const struct dirent *entry, const struct stat *child) {
  struct stat status;
  return fstatat(dirfd(parent), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         is_same(&status, child);
}

/* The entry of CHILD in PARENT. By its inode, or (CROSSING) where that is another's: something is
 * mounted there. */
static const struct dirent *find_entry(DIR *parent, const struct stat *child, bool crossing) {
  const struct dirent *entry;
  rewinddir(parent);
  while ((entry = readdir(parent)) != NULL) {
    bool special = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (!special && (crossing || entry->d_ino == child->st_ino) &&
        is_entry_of(parent, entry, child))
      return entry;
  }
  return NULL;
}

static bool prepend_name(int parent, const struct stat *child, struct buffer *path) {
  int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL) {
    close_fd(&fd);
    return false;
  }
  const struct dirent *entry = find_entry(folder, child, false);
  if (entry == NULL)
    entry = find_entry(folder, child, true);
  if (entry != NULL) {
    prepend(path, entry->d_name, strlen(entry->d_name));
    prepend(path, "/", 1);
  }
  closedir(folder);
  return entry != NULL;
}

/* Go up from FOLDER, and put its name before PATH. */
static bool step_up(int *folder, const struct stat *status, struct buffer *path) {
  int up = openat(*folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
  close_fd(folder);
  *folder = up;
  return up >= 0 && prepend_name(up, status, path);
}

static bool climb(const char *link, struct buffer *path, struct stat *start) {
  CLEANUP_FD int folder = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  bool known = false;
  if (folder < 0 || fstat(folder, start) != 0)
    return false;
  status = *start;
  while (!(known = prepend_known(folder, &status, path)) && path->size < MAX_BYTES)
    if (!step_up(&folder, &status, path) || fstat(folder, &status) != 0)
      return false;
  return known;
}

/* False: there were too many of them. */
static bool remember(const struct buffer *path, const struct stat *status) {
  if (is_same(status, &last.status) && last.path.size == path->size &&
      memcmp(last.path.data, path->data, path->size) == 0)
    return true;
  if (path->size > MAX_BYTES - bytes_found)
    return false;
  bytes_found += path->size;
  last.path.size = 0;
  buffer_append(&last.path, path->data, path->size);
  last.status = *status;
  return true;
}

bool deep_folder(const char *link, struct buffer *path) {
  struct stat status;
  path->size = 0;
  buffer_append(path, "", 1);
  return climb(link, path, &status) && remember(path, &status);
}
