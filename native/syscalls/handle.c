/* Files by the kernel's handles: name_to_handle_at(2), open_by_handle_at(2). */
#include "../listing.h"
#include "../snapshot.h"
#include "arguments.h"

void enter_name_to_handle_at(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  enum follow follow = task->args[4] & AT_SYMLINK_FOLLOW ? FOLLOW : NOFOLLOW;
  if (path_argument_at(task, 0, follow, &file))
    look_at(task, &file);
}

/* Which file it is shows at the end only. */
void enter_open_by_handle_at(struct task *task, const struct abi *abi) {
  (void)task;
  (void)abi;
}

static uint32_t mode_of(uint64_t flags) {
  if (flags & O_PATH)
    return STAT;
  if ((flags & O_ACCMODE) == O_RDONLY)
    return READ;
  return (flags & O_ACCMODE) == O_WRONLY ? WRITE : READ | WRITE;
}

void leave_open_by_handle_at(struct task *task, int64_t result) {
  struct file file;
  if (result < 0 || !resolve_fd(task, (int)result, &file))
    return;
  uint32_t mode = mode_of(task->args[2]);
  note_use(task, &file, mode);
  if (mode & WRITE) /* nothing is written yet */
    keep_content(task, &file);
  if (mode == READ && S_ISDIR(file.status.st_mode))
    note_listing(task, file.name, &file.status);
}
