/* The arguments of a call that name a file. */
#ifndef RPZ_ARGUMENTS_H
#define RPZ_ARGUMENTS_H

#include "../access.h"
#include "../resolve.h"
#include "../task.h"
#include "calls.h"

#include <fcntl.h>
#include <limits.h>

/* A `const char *path` argument alone, resolved; false: the call will fail. */
bool path_argument(const struct task *task, unsigned path, enum follow follow, struct file *file);
/* An `int dirfd, const char *path` pair that begins at argument DIRFD. */
bool path_argument_at(const struct task *task, unsigned dirfd, enum follow follow,
                      struct file *file);
/* Record that a call looks at the file, or changes what is said of it, without opening it. */
void look_at(struct task *task, const struct file *file);
/* The text of a path argument; false: it can't be read, so the call will fail. */
bool text_argument(const struct task *task, unsigned path, char *text, size_t size);

#endif
