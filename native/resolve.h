/* From what a call names (a folder's descriptor and a path) to the real path of the file. */
#ifndef RPZ_RESOLVE_H
#define RPZ_RESOLVE_H

#include "look.h"
#include "names.h"
#include "task.h"

#include <sys/stat.h>

/* IF_LINK: as NOFOLLOW, and of what isn't a link nothing but that is asked: a folder that is known
 * has no status but its type. */
enum follow { NOFOLLOW, FOLLOW, IF_LINK };

struct file {
  struct name *name; /* its real path */
  bool exists;       /* if not, its folder does */
  bool unasked; /* whether it exists isn't known, nor what it is: who serves it (fuse.h) may not
                 * be asked; it is taken for a file that exists and that nobody may use */
  struct stat status; /* when it exists */
};

/* Resolve PATH against the folder behind DIRFD (or AT_FDCWD) of TASK, as the kernel will. Records
 * the symbolic links that are crossed and the folders that ".." leaves. False: the call will fail.
 */
bool resolve(const struct task *task, int dirfd, const char *path, enum follow follow,
             struct file *file);
/* As resolve, with the folder behind DIRFD as the root folder (RESOLVE_IN_ROOT, openat2(2)). */
bool resolve_in_root(const struct task *task, int dirfd, const char *path, enum follow follow,
                     struct file *file);
/* A task is about to change its root folder: that is looked up from now on. */
void root_changes(void);
/* The file behind a descriptor of TASK. */
bool resolve_fd(const struct task *task, int fd, struct file *file);
/* The file behind a descriptor of TASK, itself also where it is a symbolic link; false: it has no
 * name any more. */
bool resolve_open(const struct task *task, int fd, struct file *file);
/* Record where a symbolic link leads. */
void note_link(struct name *name);
/* Where TASK is. */
struct place place_of(const struct task *task);
/* The real path of the folder behind DIRFD (or AT_FDCWD); NULL if it has none. */
struct name *folder_of(const struct task *task, int dirfd);

#endif
