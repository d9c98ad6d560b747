/* What files were before the run changed them: SNAPSHOT in docs/record-stream.md. */
#ifndef RPZ_SNAPSHOT_H
#define RPZ_SNAPSHOT_H

#include "resolve.h"

/* Keep copies in FOLDER, of files of at most LIMIT bytes; without this nothing is kept. */
void snapshots_open(const char *folder, uint64_t limit);
/* From now on keep nothing: a traced program decides who may open files, and would have to let us
 * while it waits for us. */
void snapshots_stop(const struct task *task);
/* The call that TASK is entering may change the content of FILE. */
void keep_content(const struct task *task, const struct file *file);
/* FILE was changed before anything could be kept of it, because of WHY. */
void not_kept(const struct task *task, const struct file *file, const char *why);
/* The call that TASK is entering may take the name of FILE away from it. */
void keep_removed(const struct task *task, const struct file *file);
/* The call that TASK is entering may change the mode, owner, times or attributes of FILE. */
void keep_status(const struct task *task, const struct file *file);
/* The file of this name was made by the run, or what it was is kept. */
void settle_name(const struct name *name);
/* As settle_name, of the file that STATUS is of. */
void settle(const struct stat *status);

#endif
