/* A call that only looked at a file, and that was made already: what is known of it. */
#ifndef RPZ_LOOK_H
#define RPZ_LOOK_H

#include <stdbool.h>
#include <stdint.h>

struct name;

/* Where a process is: what its calls are relative to, when it can't be asked any more. NULL: that
 * has no name. */
struct place {
  struct name *folder; /* the working folder */
  struct name *root;
  bool removed; /* the folder was, and this was its name */
};

struct look {
  const char *path;
  int dirfd;
  int result; /* a negative errno, or not */
  uint32_t flags;
  uint32_t mode;   /* of the file, links followed or not as the call says; 0: not known */
  uint64_t device; /* of the folder behind dirfd, if the path is relative to one */
  uint64_t inode;
  uint64_t opened_device; /* of the folder that was opened, if one was */
  uint64_t opened_inode;
  const struct place *place;
};

#endif
