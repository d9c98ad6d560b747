/* Calls that look at a file, or change its owner, mode, times or attributes, by its name. */
#include "../snapshot.h"
#include "arguments.h"

void look_at(const struct task *task, const struct file *file) {
  if (!found(task, file))
    return;
  if (S_ISLNK(file->status.st_mode)) {
    note_link(file->name);
    note_use(task, file, STAT | LINK);
  } else {
    note_use(task, file, STAT);
  }
}

static void look(const struct task *task, enum follow follow) {
  struct file file;
  if (path_argument(task, 0, follow, &file))
    look_at(task, &file);
}

/* Without a path (AT_EMPTY_PATH) it is about the descriptor, which was opened by its name before.
 */
static void look_from(const struct task *task, uint64_t flags) {
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
static void change(const struct task *task, enum follow follow) {
  struct file file;
  if (!path_argument(task, 0, follow, &file))
    return;
  keep_status(task, &file);
  look_at(task, &file);
}

static void change_from(const struct task *task, uint64_t flags) {
  struct file file;
  if (!path_argument_at(task, 0, flags & AT_SYMLINK_NOFOLLOW ? NOFOLLOW : FOLLOW, &file))
    return;
  keep_status(task, &file);
  look_at(task, &file);
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

static void read_link_of(const struct task *task, const struct file *file) {
  if (found(task, file) && S_ISLNK(file->status.st_mode))
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
