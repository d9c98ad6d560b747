/* Files whose path is longer than a system call takes, as of a folder that was entered in steps. */
#ifndef RPZ_DEEP_H
#define RPZ_DEEP_H

#include "util.h"

#include <sys/stat.h>
#include <sys/types.h>

/* As fstatat(2), open(2), readlink(2) and access(2) with an absolute path, which may have any
 * length. EBUSY: a traced program would have to answer (fuse.h). */
int deep_stat(const char *path, struct stat *status, int flags);
int deep_open(const char *path, int flags);
ssize_t deep_readlink(const char *path, char *target, size_t size);
int deep_access(const char *path, int mode);

/* The path of the folder behind LINK, a link below /proc that can't be read (ENAMETOOLONG), with a
 * NUL. False: it has none, or it is not to be found. */
bool deep_folder(const char *link, struct buffer *path);

#endif
