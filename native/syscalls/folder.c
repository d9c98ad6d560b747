/* chdir(2), fchdir(2), chroot(2). */
#include "arguments.h"

static void enter_folder(struct task *task, const struct file *file) {
  accelerator_forget();
  mode_t all = S_IXUSR | S_IXGRP | S_IXOTH;
  if (!S_ISDIR(file->status.st_mode) && !file->unasked)
    return;
  if ((file->status.st_mode & all) == all)
    note_use(task, file, WDIR);
  else
    expect_file(task, file, WDIR, 0);
}

void enter_chdir(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 0, FOLLOW, &file) && found(task, &file))
    enter_folder(task, &file);
}

void enter_fchdir(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (resolve_fd(task, (int)task->args[0], &file))
    enter_folder(task, &file);
}

void enter_chroot(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 0, FOLLOW, &file) && found(task, &file))
    note_use(task, &file, STAT);
  root_changes();
  accelerator_forget();
}
