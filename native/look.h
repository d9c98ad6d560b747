/* A call that only looked at a file, and that was made already: what is known of it. */
#ifndef RPZ_LOOK_H
#define RPZ_LOOK_H

#include <stdint.h>

struct name;

/* The working folder that a process had while names were as of `epoch`; NULL: not asked for yet. */
struct place {
  struct name *folder;
  uint64_t epoch;
};

struct look {
  const char *path;
  int dirfd;
  int result; /* a negative errno, or not */
  uint32_t flags;
  uint32_t mode;   /* of the file, links followed or not as the call says; 0: not known */
  uint64_t epoch;
  uint64_t device; /* of the folder behind dirfd, if the path is relative to one */
  uint64_t inode;
  uint64_t opened_device; /* of the folder that was opened, if one was */
  uint64_t opened_inode;
  struct place *place;
};

#endif
