/* Rare calls about the machine that name a file: quotactl(2), uselib(2), bpf(2). */
#include "../memory.h"
#include "arguments.h"

#include <linux/bpf.h>
#include <linux/quota.h>
#include <string.h>

void enter_quotactl(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  uint32_t command = (uint32_t)task->args[0] >> SUBCMDSHIFT;
  if (path_argument(task, 1, FOLLOW, &file))
    look_at(task, &file);
  if (command == (uint32_t)Q_QUOTAON && path_argument(task, 3, FOLLOW, &file))
    look_at(task, &file);
}

void enter_uselib(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (path_argument(task, 0, FOLLOW, &file) && found(task, &file))
    expect_file(task, &file, READ, 0);
}

/* The beginning of union bpf_attr for the two commands that name a file. */
struct object {
  uint64_t path;
  uint32_t fd;
  uint32_t flags;
  int32_t dirfd; /* with BPF_F_PATH_FD, which older headers lack */
};

static int folder_of_object(const struct object *object) {
  enum { PATH_FD = 1 << 14 }; /* BPF_F_PATH_FD */
  return object->flags & PATH_FD ? object->dirfd : AT_FDCWD;
}

void enter_bpf(struct task *task, const struct abi *abi) {
  (void)abi;
  struct object object = {0};
  char text[PATH_MAX];
  struct file file;
  bool pins = task->args[0] == BPF_OBJ_PIN;
  size_t size = task->args[2] < sizeof object ? (size_t)task->args[2] : sizeof object;
  if (!read_memory(task->tid, task->args[1], &object, size) ||
      !read_string(task->tid, object.path, text, sizeof text) ||
      !resolve(task, folder_of_object(&object), text, pins ? NOFOLLOW : FOLLOW, &file))
    return;
  if (pins && !file.exists)
    expect_file(task, &file, WRITE, 0);
  else if (!pins && found(task, &file))
    expect_file(task, &file, READ, 0);
}
