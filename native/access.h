/* What a call does to files: noted at its entry, recorded when it has succeeded. */
#ifndef RPZ_ACCESS_H
#define RPZ_ACCESS_H

#include "record.h"
#include "resolve.h"

/* Record the use of a file at once, unless the same was recorded before. */
void note_file(const struct task *task, struct name *name, uint32_t mode, uint32_t flags);
/* Record the use of FILE, which exists, at once. */
void note_use(const struct task *task, const struct file *file, uint32_t mode);
/* Record these when the call that TASK is entering has succeeded; its end is then awaited. */
void expect_file(struct task *task, const struct file *file, uint32_t mode, uint32_t flags);
void expect_rename(struct task *task, struct name *old, struct name *new, enum rename_kind kind);
void expect_remove(struct task *task, struct name *name, uint32_t flags);
/* The call has succeeded: record what was expected of it. */
void record_events(struct task *task);

#endif
