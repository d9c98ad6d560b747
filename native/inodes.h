/* Sets of inodes: which files something was done for, whatever their names. */
#ifndef RPZ_INODES_H
#define RPZ_INODES_H

#include "util.h"

#include <sys/stat.h>

struct inode {
  uint64_t device;
  uint64_t number; /* 0: no inode */
};

struct inodes {
  struct inode *slots;
  size_t capacity;
  size_t count;
};

/* Add the inode that STATUS is of; true if that is news. */
bool inodes_add(struct inodes *set, const struct stat *status);
bool inodes_have(const struct inodes *set, const struct stat *status);
/* Whether the next change of what STATUS is of is sure to be seen in its times. */
bool is_settled(const struct stat *status);

#endif
