#include "resolve.h"

#include "accelerator/folders.h"
#include "access.h"
#include "deep.h"
#include "fuse.h"
#include "look.h"
#include "record.h"

#include <ctype.h>
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
  char root[PATH_MAX]; /* what absolute paths start from, and ".." doesn't leave; "" is / */
  size_t root_length;
  char *real; /* "" is / */
  size_t length;
  size_t capacity;
  char short_real[2 * PATH_MAX]; /* what `real` is, as long as that is enough */
  bool in_removed_folder;        /* `real` was the name of the working folder; only ".." leads on */
  char ahead[2 * PATH_MAX];
  unsigned links;
};

static bool read_link(const char *path, char *target, size_t size) {
  ssize_t length = deep_readlink(path, target, size);
  if (length < 0 || (size_t)length >= size)
    return false;
  target[length] = '\0';
  return true;
}

static void proc_link_path(const struct task *task, int dirfd, char *path, size_t size) {
  if (dirfd == AT_FDCWD)
    snprintf(path, size, "/proc/%d/cwd", task->tid);
  else
    snprintf(path, size, "/proc/%d/fd/%d", task->tid, dirfd);
}

/* Where one of TASK's links below /proc leads; false if it leads to nothing that has a path. */
static bool proc_link(const struct task *task, int dirfd, char *target, size_t size) {
  char path[64];
  proc_link_path(task, dirfd, path, sizeof path);
  errno = 0;
  return read_link(path, target, size) && target[0] == '/';
}

/* Once a run. What is in a folder that was removed need not be in the trace. */
static void warn_of_depth(const struct task *task, const char *link) {
  static bool warned;
  struct stat status;
  if (warned || fuse_stat(link, &status) != 0 || status.st_nlink == 0)
    return;
  warned = true;
  record_warning(task->process,
                 "A process worked in a folder whose path is longer than 4,095 bytes and could "
                 "not be found: what it used there is not in the trace");
}

/* Where it leads when proc_link can't say it, because that is too long. */
static bool long_link(const struct task *task, int dirfd, struct buffer *target) {
  char path[64];
  if (errno != ENAMETOOLONG)
    return false;
  proc_link_path(task, dirfd, path, sizeof path);
  if (deep_folder(path, target))
    return true;
  warn_of_depth(task, path);
  return false;
}

/* Once a task has changed its root folder, each one's has to be asked for. */
static bool roots_differ;

void root_changes(void) { roots_differ = true; }

static bool root_of(const struct task *task, char *root, size_t size) {
  char path[64];
  if (!roots_differ) {
    root[0] = '\0';
    return true;
  }
  if (task->look != NULL) {
    const struct name *former = task->look->place->root;
    if (former == NULL || former->length >= size)
      return false;
    memcpy(root, former->text, former->length + 1);
    return true;
  }
  snprintf(path, sizeof path, "/proc/%d/root", task->tid);
  return read_link(path, root, size);
}

struct name *folder_of(const struct task *task, int dirfd) {
  char path[PATH_MAX];
  if (proc_link(task, dirfd, path, sizeof path))
    return name_of(path, strlen(path));
  struct buffer target = {0};
  struct name *name =
      long_link(task, dirfd, &target) ? name_of(target.data, target.size - 1) : NULL;
  buffer_free(&target);
  return name;
}

/* What is known of a served file without asking. */
static bool assume(struct file *file) {
  struct stat *status = &file->status;
  file->exists = true;
  file->unasked = !fuse_is_root(file->name->text);
  if (file->unasked || fuse_stat(file->name->text, status) != 0)
    *status = (struct stat){.st_mode = file->unasked ? S_IFREG : S_IFDIR};
  return true;
}

bool resolve_fd(const struct task *task, int fd, struct file *file) {
  *file = (struct file){.name = folder_of(task, fd)};
  if (file->name != NULL && fuse_serves(file->name->text))
    return assume(file);
  /* A deleted file's link still has its old path, which may be another file's by now. */
  file->exists = file->name != NULL && deep_stat(file->name->text, &file->status, 0) == 0;
  return file->exists;
}

static bool is_same(const struct stat *one, const struct stat *other) {
  return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

bool resolve_open(const struct task *task, int fd, struct file *file) {
  char link[64];
  struct stat status;
  proc_link_path(task, fd, link, sizeof link);
  *file = (struct file){.name = folder_of(task, fd)};
  if (file->name != NULL && fuse_serves(file->name->text))
    return assume(file);
  file->exists = file->name != NULL && fuse_stat(link, &status) == 0 &&
                 deep_stat(file->name->text, &file->status, AT_SYMLINK_NOFOLLOW) == 0 &&
                 is_same(&status, &file->status);
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

/* Let `real` have room for SIZE bytes. */
static void make_room(struct walk *walk, size_t size) {
  if (size <= walk->capacity)
    return;
  bool was_short = walk->real == walk->short_real;
  walk->capacity = size * 2;
  walk->real = xrealloc(was_short ? NULL : walk->real, walk->capacity);
  if (was_short)
    memcpy(walk->real, walk->short_real, walk->length + 1);
}

static bool go_down(struct walk *walk, const char *component, size_t length) {
  if (walk->in_removed_folder)
    return false;
  make_room(walk, walk->length + length + 2);
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

/* A link of a process, such as /proc/1/fd/3: the kernel doesn't follow it by its text. */
static bool is_magic(const char *path) {
  return strncmp(path, "/proc/", 6) == 0 && isdigit((unsigned char)path[6]);
}

/* Whether the text of a magic link is the path of what it leads to: not for a pipe, a socket, or a
 * file that was removed. STATUS is what it leads to. */
static bool has_path(const char *link, struct stat *status) {
  char target[PATH_MAX];
  struct stat named;
  return fuse_stat(link, status) == 0 && read_link(link, target, sizeof target) &&
         target[0] == '/' &&
         (fuse_serves(target) || (lstat(target, &named) == 0 && is_same(&named, status)));
}

/* Go on from an absolute path, or from the folder of the link that had it. */
static void start_from(struct walk *walk, bool magic, bool absolute) {
  if (!absolute) {
    go_up(walk);
    return;
  }
  walk->length = magic ? 0 : walk->root_length;
  memcpy(walk->real, walk->root, walk->length);
  walk->real[walk->length] = '\0';
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
  start_from(walk, is_magic(walk->real), target[0] == '/');
  return true;
}

/* What a call that was made already has told of a name, as it didn't follow it. False: nothing. */
static bool recall_mode(const struct look *look, struct file *file) {
  file->exists = look->mode != 0;
  file->status.st_mode = look->mode;
  return file->exists || look->result == -ENOENT;
}

/* What is known of a name that such a call was about, without asking. False: nothing. */
static bool recall(const struct walk *walk, enum follow follow, struct file *file) {
  enum { READABLE = S_IRUSR | S_IRGRP | S_IROTH }; /* it was opened, or nobody asks */
  const struct look *look = walk->task->look;
  if (look == NULL)
    return false;
  if (follow == NOFOLLOW && walk->links == 0)
    return recall_mode(look, file);
  bool was_there = look->result >= 0 || look->result == -EINVAL; /* of readlink(2): no link */
  file->exists = was_there && name_kind(file->name) == KIND_FILE;
  file->status.st_mode = file->exists ? S_IFREG | READABLE : 0;
  return file->exists || (look->result == -ENOENT && file->name->missed);
}

/* Others may have made or removed the file since the call that was made already: what that found
 * holds. */
static void correct(const struct walk *walk, struct file *file) {
  const struct look *look = walk->task->look;
  if (look == NULL)
    return;
  if (look->result >= 0 && !file->exists) {
    file->exists = true;
    file->status.st_mode = look->mode != 0 ? look->mode : S_IFREG;
  } else if (look->result == -ENOENT && file->exists && !S_ISLNK(file->status.st_mode)) {
    file->exists = false;
  }
}

/* Look at the last component, whose path so far is NAME. */
static bool arrive_at(struct walk *walk, struct name *name, enum follow follow, struct file *file) {
  if (walk->in_removed_folder)
    return false;
  *file = (struct file){.name = name};
  if (fuse_serves(file->name->text))
    return assume(file);
  if (!recall(walk, follow, file)) {
    file->exists = deep_stat(real_path(walk), &file->status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!file->exists && errno != ENOENT)
      return false;
    correct(walk, file);
    if (!file->exists)
      return true;
  }
  if (S_ISDIR(file->status.st_mode))
    name_is_directory(file->name);
  else if (S_ISREG(file->status.st_mode))
    name_is_file(file->name);
  return true;
}

static bool arrive(struct walk *walk, struct file *file) {
  return arrive_at(walk, real_name(walk), FOLLOW, file);
}

/* What was reached, with more to come; KIND_UNKNOWN: neither a folder nor a link, nor a regular
 * file. */
static enum kind kind_of(struct walk *walk, struct name *name) {
  struct stat status;
  if (fuse_serves(name->text)) /* or a link: only its server could tell */
    return KIND_DIRECTORY;
  if (name_kind(name) != KIND_UNKNOWN)
    return name_kind(name);
  if (deep_stat(walk->real, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT)
      note_absent(walk->task, name);
    return KIND_UNKNOWN;
  }
  if (S_ISLNK(status.st_mode))
    return KIND_LINK;
  if (!S_ISDIR(status.st_mode))
    return KIND_UNKNOWN;
  name_is_directory(name);
  return KIND_DIRECTORY;
}

static void leave_folder(struct walk *walk) {
  if (walk->length == 0 ||
      (walk->length == walk->root_length && strcmp(walk->real, walk->root) == 0))
    return;
  if (!walk->in_removed_folder)
    note_folder(walk->task, real_name(walk));
  walk->in_removed_folder = false;
  go_up(walk);
}

/* Take the last component: arrive at it, or go on along a link. */
static bool last_step(struct walk *walk, enum follow follow, bool want_folder, struct file *file,
                      bool *done) {
  struct name *name = real_name(walk);
  if (follow == IF_LINK && name_kind(name) == KIND_DIRECTORY) {
    *file = (struct file){.name = name, .exists = true, .status.st_mode = S_IFDIR};
    *done = true;
    return true;
  }
  /* With a slash, a link is followed. */
  if (!arrive_at(walk, name, want_folder ? FOLLOW : follow, file))
    return false;
  if (!file->exists || !S_ISLNK(file->status.st_mode) || (follow != FOLLOW && !want_folder)) {
    *done = true;
    return !want_folder || !file->exists || file->unasked || S_ISDIR(file->status.st_mode);
  }
  struct stat status;
  if (is_magic(walk->real) && !has_path(walk->real, &status)) {
    if (fuse_stat(walk->real, &file->status) !=
        0) /* it leads to nothing, or isn't ours to follow */
      return false;
    *done = true;
    return !want_folder;
  }
  return follow_link(walk, name, want_folder ? "/" : "");
}

/* Take a component that is not the last one. */
static bool middle_step(struct walk *walk, const char *rest) {
  struct name *name = real_name(walk);
  struct stat status;
  switch (kind_of(walk, name)) {
  case KIND_DIRECTORY:
    memmove(walk->ahead, rest, strlen(rest) + 1);
    return true;
  case KIND_LINK:
    return (!is_magic(walk->real) || has_path(walk->real, &status)) &&
           follow_link(walk, name, rest);
  case KIND_FILE:
  case KIND_UNKNOWN:
    break;
  }
  return false;
}

/* Take the next component off what is ahead. DONE: it was the last one. False: the call will fail.
 */
static bool step(struct walk *walk, enum follow follow, struct file *file, bool *done) {
  char *component = walk->ahead + strspn(walk->ahead, "/");
  size_t length = strcspn(component, "/");
  char *rest = component + length;
  bool last = rest[strspn(rest, "/")] == '\0';
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
  return last ? last_step(walk, follow, rest[0] == '/', file, done) : middle_step(walk, rest);
}

/* The kernel adds this to the name of a folder that was removed. */
static const char removal[] = " (deleted)";

static bool is_removed(const struct task *task, int dirfd, const char *path, size_t length) {
  size_t mark_length = sizeof removal - 1;
  struct stat status;
  char link[64];
  if (length < mark_length || strcmp(path + length - mark_length, removal) != 0)
    return false;
  proc_link_path(task, dirfd, link, sizeof link);
  return !has_path(link, &status);
}

struct place place_of(const struct task *task) {
  char root[PATH_MAX], path[64];
  snprintf(path, sizeof path, "/proc/%d/root", task->tid);
  bool has_root = read_link(path, root, sizeof root);
  struct name *folder = folder_of(task, AT_FDCWD);
  bool removed = folder != NULL && is_removed(task, AT_FDCWD, folder->text, folder->length);
  if (removed)
    folder = name_of(folder->text, folder->length - (sizeof removal - 1));
  return (struct place){
      .folder = folder, .root = has_root ? name_of(root, strlen(root)) : NULL, .removed = removed};
}

static void strip_removal(struct walk *walk, const struct task *task, int dirfd) {
  if (!is_removed(task, dirfd, walk->real, walk->length))
    return;
  walk->length -= sizeof removal - 1;
  walk->real[walk->length] = '\0';
  walk->in_removed_folder = true;
}

static bool begin_deep(struct walk *walk, int dirfd) {
  struct buffer path = {0};
  bool is_there = long_link(walk->task, dirfd, &path);
  if (is_there) {
    walk->length = 0;
    make_room(walk, path.size);
    memcpy(walk->real, path.data, path.size);
    walk->length = path.size - 1;
  }
  buffer_free(&path);
  return is_there;
}

/* Whether the descriptor that a call has named is of the same folder as then. */
static bool is_still(const struct task *task, int dirfd, const struct look *look) {
  char link[64];
  struct stat status;
  proc_link_path(task, dirfd, link, sizeof link);
  return stat(link, &status) == 0 && status.st_dev == look->device && status.st_ino == look->inode;
}

/* The folder that a call which was made already is relative to, as it was then; NULL: see now. */
static const struct name *former_folder(const struct task *task, int dirfd) {
  const struct look *look = task->look;
  if (look == NULL)
    return NULL;
  if (dirfd == AT_FDCWD)
    return look->place->folder;
  bool certain;
  struct name *name = folder_at(look->device, look->inode, &certain);
  return certain || !is_still(task, dirfd, look) ? name : NULL;
}

static void stand_in(struct walk *walk, const struct name *folder) {
  walk->length = 0;
  make_room(walk, folder->length + 1);
  walk->length = folder->length == 1 ? 0 : folder->length;
  memcpy(walk->real, folder->text, walk->length);
  walk->real[walk->length] = '\0';
}

/* Stand in the folder that PATH is relative to. */
static bool begin(struct walk *walk, int dirfd, const char *path) {
  if (path[0] == '/') {
    start_from(walk, false, true);
    return true;
  }
  const struct name *former = former_folder(walk->task, dirfd);
  if (former != NULL) {
    stand_in(walk, former);
    walk->in_removed_folder = dirfd == AT_FDCWD && walk->task->look->place->removed;
    return true;
  }
  if (!proc_link(walk->task, dirfd, walk->real, walk->capacity))
    return begin_deep(walk, dirfd);
  walk->length = strcmp(walk->real, "/") == 0 ? 0 : strlen(walk->real);
  walk->real[walk->length] = '\0';
  strip_removal(walk, walk->task, dirfd);
  return true;
}

static bool walk_to_end(struct walk *walk, int dirfd, const char *path, enum follow follow,
                        struct file *file) {
  if (path[0] == '\0' || strlen(path) >= sizeof walk->ahead)
    return false;
  memcpy(walk->ahead, path, strlen(path) + 1);
  walk->root_length = strcmp(walk->root, "/") == 0 ? 0 : strlen(walk->root);
  walk->root[walk->root_length] = '\0';
  walk->links = 0;
  walk->in_removed_folder = false;
  if (!begin(walk, dirfd, path))
    return false;
  bool done = false;
  while (!done)
    if (!step(walk, follow, file, &done))
      return false;
  return true;
}

static bool walk_along(struct walk *walk, int dirfd, const char *path, enum follow follow,
                       struct file *file) {
  walk->real = walk->short_real;
  walk->capacity = sizeof walk->short_real;
  bool arrived = walk_to_end(walk, dirfd, path, follow, file);
  if (walk->real != walk->short_real)
    free(walk->real);
  return arrived;
}

bool resolve(const struct task *task, int dirfd, const char *path, enum follow follow,
             struct file *file) {
  struct walk walk;
  walk.task = task;
  return root_of(task, walk.root, sizeof walk.root) && walk_along(&walk, dirfd, path, follow, file);
}

bool resolve_in_root(const struct task *task, int dirfd, const char *path, enum follow follow,
                     struct file *file) {
  struct walk walk;
  walk.task = task;
  return proc_link(task, dirfd, walk.root, sizeof walk.root) &&
         walk_along(&walk, dirfd, path, follow, file);
}
