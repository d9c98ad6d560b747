/* File systems that a traced program serves (FUSE). While it is stopped, or waits for us, nobody
 * answers what is asked of them: so they are never asked. */
#ifndef RPZ_FUSE_H
#define RPZ_FUSE_H

#include <stdbool.h>
#include <sys/stat.h>

/* A traced program opens PATH, of this status: if that is how file systems come to be served, they
 * are watched for from then on. */
void fuse_note_open(const struct stat *status);
/* Whether PATH, a real one, is or may be in such a file system. */
bool fuse_serves(const char *path);
/* Whether PATH is where one is mounted. */
bool fuse_is_root(const char *path);
/* As stat(2) of PATH, a link below /proc or a place where a file system is mounted, with what the
 * kernel knows by itself if it may be served so. */
int fuse_stat(const char *path, struct stat *status);

#endif
