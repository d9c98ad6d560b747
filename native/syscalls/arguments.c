#include "arguments.h"

#include "../memory.h"

#include <limits.h>

bool text_argument(const struct task *task, unsigned path, char *text, size_t size) {
  return read_string(task->tid, task->args[path], text, size);
}

bool path_argument(const struct task *task, unsigned path, enum follow follow, struct file *file) {
  char text[PATH_MAX];
  return text_argument(task, path, text, sizeof text) &&
         resolve(task, AT_FDCWD, text, follow, file);
}

bool path_argument_at(const struct task *task, unsigned dirfd, enum follow follow,
                      struct file *file) {
  char text[PATH_MAX];
  return text_argument(task, dirfd + 1, text, sizeof text) &&
         resolve(task, (int)task->args[dirfd], text, follow, file);
}
