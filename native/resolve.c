#include "resolve.h"

#include "access.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINKS = 40 }; /* path_resolution(7) */

/* A walk along a path: what is behind us is real, what is ahead is not yet looked at. */
struct walk {
  const struct task *task;
  char real[2 * PATH_MAX]; /* "" is the root folder */
  size_t length;
  char ahead[2 * PATH_MAX];
  unsigned links;
};

static bool read_link(const char *path, char *target, size_t size) {
  ssize_t length = readlink(path, target, size);
  if (length < 0 || (size_t)length >= size)
    return false;
  target[length] = '\0';
  return true;
}

/* Where one of TASK's links below /proc leads; false if it leads to nothing that has a path. */
static bool proc_link(const struct task *task, int dirfd, char *target, size_t size) {
  char path[64];
  if (dirfd == AT_FDCWD)
    snprintf(path, sizeof path, "/proc/%d/cwd", task->tid);
  else
    snprintf(path, sizeof path, "/proc/%d/fd/%d", task->tid, dirfd);
  return read_link(path, target, size) && target[0] == '/';
}

struct name *folder_of(const struct task *task, int dirfd) {
  char path[PATH_MAX];
  return proc_link(task, dirfd, path, sizeof path) ? name_of(path, strlen(path)) : NULL;
}

bool resolve_fd(const struct task *task, int fd, struct file *file) {
  file->name = folder_of(task, fd);
  /* A deleted file's link still has its old path, which may be another file's by now. */
  file->exists = file->name != NULL && stat(file->name->text, &file->status) == 0;
  return file->exists;
}

/* What lies below /proc changes by itself: it is neither remembered nor worth a record. */
static bool is_lasting(const struct name *name) { return strncmp(name->text, "/proc/", 6) != 0; }

void note_link(struct name *name) {
  char target[PATH_MAX];
  if (is_lasting(name) && read_link(name->text, target, sizeof target) &&
      name_is_link(name, target))
    record_link(name_number(name), target);
}

static const char *real_path(const struct walk *walk) {
  return walk->length == 0 ? "/" : walk->real;
}

static struct name *real_name(const struct walk *walk) {
  return walk->length == 0 ? name_of("/", 1) : name_of(walk->real, walk->length);
}

static void go_up(struct walk *walk) {
  while (walk->length > 0 && walk->real[--walk->length] != '/')
    ;
  walk->real[walk->length] = '\0';
}

static bool go_down(struct walk *walk, const char *component, size_t length) {
  if (walk->length + length + 2 > sizeof walk->real)
    return false;
  walk->real[walk->length] = '/';
  memcpy(walk->real + walk->length + 1, component, length);
  walk->length += length + 1;
  walk->real[walk->length] = '\0';
  return true;
}

/* /proc/self and /proc/thread-self are the tracee's, not ours. */
static bool link_target(const struct walk *walk, char *target, size_t size) {
  if (strcmp(walk->real, "/proc/self") == 0)
    return snprintf(target, size, "%d", walk->task->tgid) > 0;
  if (strcmp(walk->real, "/proc/thread-self") == 0)
    return snprintf(target, size, "%d/task/%d", walk->task->tgid, walk->task->tid) > 0;
  return read_link(walk->real, target, size);
}

/* Replace the link that was just reached by its target. */
static bool follow_link(struct walk *walk, struct name *name, const char *rest) {
  char target[PATH_MAX];
  if (++walk->links > MAX_LINKS)
    return false;
  if (name_kind(name) == KIND_LINK) {
    memcpy(target, name->target, strlen(name->target) + 1);
  } else {
    if (!link_target(walk, target, sizeof target))
      return false;
    if (is_lasting(name) && name_is_link(name, target))
      record_link(name_number(name), target);
  }
  char ahead[sizeof walk->ahead];
  int length = snprintf(ahead, sizeof ahead, "%s/%s", target, rest);
  if (length < 0 || (size_t)length >= sizeof ahead)
    return false;
  if (rest[0] == '\0') /* no slash where there was none: it would ask for a folder */
    ahead[length - 1] = '\0';
  memcpy(walk->ahead, ahead, sizeof ahead);
  if (target[0] == '/') {
    walk->length = 0;
    walk->real[0] = '\0';
  } else {
    go_up(walk);
  }
  return true;
}

/* Look at the last component. */
static bool arrive(struct walk *walk, struct file *file) {
  file->name = real_name(walk);
  file->exists = lstat(real_path(walk), &file->status) == 0;
  if (!file->exists)
    return errno == ENOENT;
  if (S_ISDIR(file->status.st_mode))
    name_is_directory(file->name);
  return true;
}

/* What was reached, with more to come; KIND_UNKNOWN: neither a folder nor a link. */
static enum kind kind_of(struct walk *walk, struct name *name) {
  struct stat status;
  if (name_kind(name) != KIND_UNKNOWN)
    return name_kind(name);
  if (lstat(walk->real, &status) != 0)
    return KIND_UNKNOWN;
  if (S_ISLNK(status.st_mode))
    return KIND_LINK;
  if (!S_ISDIR(status.st_mode))
    return KIND_UNKNOWN;
  name_is_directory(name);
  return KIND_DIRECTORY;
}

static void leave_folder(struct walk *walk) {
  if (walk->length == 0)
    return;
  note_file(walk->task, real_name(walk), STAT, DIRECTORY | EXISTED);
  go_up(walk);
}

/* Take the next component off what is ahead. True: it was the last one, reached without following.
 */
static bool step(struct walk *walk, enum follow follow, struct file *file, bool *done) {
  char *component = walk->ahead + strspn(walk->ahead, "/");
  size_t length = strcspn(component, "/");
  char *rest = component + length;
  bool last = rest[strspn(rest, "/")] == '\0';
  bool want_folder = last && rest[0] == '/';
  *done = false;
  if (length == 0 || (length == 1 && component[0] == '.')) {
    memmove(walk->ahead, rest, strlen(rest) + 1);
    *done = walk->ahead[strspn(walk->ahead, "/")] == '\0';
    return !*done || arrive(walk, file);
  }
  if (length == 2 && memcmp(component, "..", 2) == 0) {
    leave_folder(walk);
    memmove(walk->ahead, rest, strlen(rest) + 1);
    *done = last;
    return !last || arrive(walk, file);
  }
  if (!go_down(walk, component, length))
    return false;
  struct name *name = real_name(walk);
  if (last) {
    if (!arrive(walk, file))
      return false;
    if (!file->exists || !S_ISLNK(file->status.st_mode) || (follow == NOFOLLOW && !want_folder)) {
      *done = true;
      return !want_folder || !file->exists || S_ISDIR(file->status.st_mode);
    }
    char tail[2] = {want_folder ? '/' : '\0', '\0'};
    return follow_link(walk, name, tail);
  }
  switch (kind_of(walk, name)) {
  case KIND_DIRECTORY:
    memmove(walk->ahead, rest, strlen(rest) + 1);
    return true;
  case KIND_LINK:
    return follow_link(walk, name, rest);
  case KIND_UNKNOWN:
    break;
  }
  return false;
}

bool resolve(const struct task *task, int dirfd, const char *path, enum follow follow,
             struct file *file) {
  struct walk walk;
  walk.task = task;
  walk.length = 0;
  walk.links = 0;
  walk.real[0] = '\0';
  if (path[0] == '\0' || strlen(path) >= sizeof walk.ahead)
    return false;
  memcpy(walk.ahead, path, strlen(path) + 1);
  if (path[0] != '/') {
    if (!proc_link(task, dirfd, walk.real, sizeof walk.real))
      return false;
    walk.length = strcmp(walk.real, "/") == 0 ? 0 : strlen(walk.real);
    walk.real[walk.length] = '\0';
  }
  bool done = false;
  while (!done)
    if (!step(&walk, follow, file, &done))
      return false;
  return true;
}
