/* Calls that ask to be told of changes: inotify(7), fanotify(7). */
#include "../arch/abi.h"
#include "../snapshot.h"
#include "arguments.h"

#include <sys/fanotify.h>
#include <sys/inotify.h>

void enter_inotify_add_watch(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 1, task->args[2] & IN_DONT_FOLLOW ? NOFOLLOW : FOLLOW, &file))
    look_at(task, &file);
}

/* The mask has 64 bits. Without a path it is about the descriptor. */
void enter_fanotify_mark(struct task *task, const struct abi *abi) {
  struct file file;
  unsigned dirfd = abi->narrow ? 4 : 3;
  enum follow follow = task->args[1] & FAN_MARK_DONT_FOLLOW ? NOFOLLOW : FOLLOW;
  if (task->args[2] & (FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM))
    snapshots_stop(task);
  if (path_argument_at(task, dirfd, follow, &file))
    look_at(task, &file);
}
