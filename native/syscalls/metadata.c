/* Calls that look at a file by its name, or change its owner, mode, times or attributes. */
#include "../snapshot.h"
#include "arguments.h"

void look_at(struct task *task, const struct file *file) {
  if (!found(task, file))
    return;
  if (S_ISLNK(file->status.st_mode)) {
    note_link(file->name);
    note_use(task, file, STAT | LINK);
  } else {
    note_use(task, file, STAT);
  }
}

static void look(struct task *task, enum follow follow) {
  struct file file;
  if (path_argument(task, 0, follow, &file))
    look_at(task, &file);
}

/* Without a path (AT_EMPTY_PATH) it is about the descriptor, which was opened by its name before.
 */
static void look_from(struct task *task, uint64_t flags) {
  struct file file;
  if (path_argument_at(task, 0, flags & AT_SYMLINK_NOFOLLOW ? NOFOLLOW : FOLLOW, &file))
    look_at(task, &file);
}

void enter_path(struct task *task, const struct abi *abi) {
  (void)abi;
  look(task, FOLLOW);
}

void enter_path_nofollow(struct task *task, const struct abi *abi) {
  (void)abi;
  look(task, NOFOLLOW);
}

void enter_at(struct task *task, const struct abi *abi) {
  (void)abi;
  look_from(task, 0);
}

void enter_at_flags3(struct task *task, const struct abi *abi) {
  (void)abi;
  look_from(task, task->args[3]);
}

void enter_at_flags4(struct task *task, const struct abi *abi) {
  (void)abi;
  look_from(task, task->args[4]);
}

void enter_at_flags2(struct task *task, const struct abi *abi) {
  (void)abi;
  look_from(task, task->args[2]);
}

/* Calls that change what is said of a file, as against those that only look. */
static void change(struct task *task, enum follow follow) {
  struct file file;
  if (!path_argument(task, 0, follow, &file))
    return;
  keep_status(task, &file);
  look_at(task, &file);
}

/* By a descriptor: it may have been opened for reading, when nothing was kept. */
static void change_open(struct task *task, int fd) {
  struct file file;
  if (!resolve_open(task, fd, &file))
    return;
  keep_status(task, &file);
  look_at(task, &file);
}

/* NULL, or an empty path with AT_EMPTY_PATH, is the descriptor itself. */
static bool names_nothing(const struct task *task, unsigned path, uint64_t flags) {
  char text[PATH_MAX];
  return (task->args[path] == 0 && (int)task->args[path - 1] != AT_FDCWD) ||
         ((flags & AT_EMPTY_PATH) && text_argument(task, path, text, sizeof text) &&
          text[0] == '\0');
}

static void change_from(struct task *task, uint64_t flags) {
  struct file file;
  if (names_nothing(task, 1, flags)) {
    change_open(task, (int)task->args[0]);
    return;
  }
  if (!path_argument_at(task, 0, flags & AT_SYMLINK_NOFOLLOW ? NOFOLLOW : FOLLOW, &file))
    return;
  keep_status(task, &file);
  look_at(task, &file);
}

void enter_change_open(struct task *task, const struct abi *abi) {
  (void)abi;
  change_open(task, (int)task->args[0]);
}

void enter_change(struct task *task, const struct abi *abi) {
  (void)abi;
  change(task, FOLLOW);
}

void enter_change_nofollow(struct task *task, const struct abi *abi) {
  (void)abi;
  change(task, NOFOLLOW);
}

void enter_change_at(struct task *task, const struct abi *abi) {
  (void)abi;
  change_from(task, 0);
}

void enter_change_at_flags2(struct task *task, const struct abi *abi) {
  (void)abi;
  change_from(task, task->args[2]);
}

void enter_change_at_flags3(struct task *task, const struct abi *abi) {
  (void)abi;
  change_from(task, task->args[3]);
}

void enter_change_at_flags4(struct task *task, const struct abi *abi) {
  (void)abi;
  change_from(task, task->args[4]);
}

static void read_link_of(struct task *task, const struct file *file) {
  if (file->unasked)
    note_use(task, file, STAT | LINK);
  else if (found(task, file) && S_ISLNK(file->status.st_mode))
    look_at(task, file);
}

void enter_readlink(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 0, IF_LINK, &file))
    read_link_of(task, &file);
}

void enter_readlinkat(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument_at(task, 0, IF_LINK, &file))
    read_link_of(task, &file);
}
