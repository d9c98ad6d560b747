/* The programs that were started before: what else the kernel loads to run them. Each is known by
 * its name and by what stat(2) said, so that it is read again once it has changed. */
#ifndef RPZ_IMAGES_H
#define RPZ_IMAGES_H

#include "names.h"

#include <sys/stat.h>

struct image {
  const struct name *name; /* NULL: an empty slot */
  struct stat status;
  char *interpreter;        /* what the file itself names, or NULL */
  bool is_script;           /* that is the interpreter of a `#!` line */
  const struct name *alone; /* what it was called when the kernel ran it, and nothing else */
};

/* The image of this file, or NULL: it has to be read. It stays valid until the next is added. */
struct image *image_find(const struct name *name, const struct stat *status);
/* Remember what was read after STATUS was asked for (INTERPRETER: NULL if it names none), unless
 * the file's next change might not show. */
void image_add(const struct name *name, const struct stat *status, const char *interpreter,
               bool is_script);

#endif
