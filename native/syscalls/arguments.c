#include "arguments.h"

#include "../look.h"
#include "../memory.h"

#include <limits.h>
#include <string.h>

bool text_argument(const struct task *task, unsigned path, char *text, size_t size) {
  const struct look *look = task->look;
  if (look == NULL)
    return read_string(task->tid, task->args[path], text, size);
  size_t length = strlen(look->path);
  if (length >= size)
    return false;
  memcpy(text, look->path, length + 1);
  return true;
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
