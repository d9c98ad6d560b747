/* What a call does to files: noted at its entry, recorded when it has succeeded. */
#ifndef RPZ_ACCESS_H
#define RPZ_ACCESS_H

#include "record.h"
#include "resolve.h"

/* Record the use of a file at once, unless the same was recorded before. */
void note_file(const struct task *task, struct name *name, uint32_t mode, uint32_t flags);
/* Record the use of FILE, which exists, at once; if that isn't known, when the call has succeeded.
 */
void note_use(struct task *task, const struct file *file, uint32_t mode);
/* Record at once that the folder NAME was left by `..`, or that the program NAME was loaded. */
void note_folder(const struct task *task, struct name *name);
void note_image(const struct task *task, struct name *name);
/* Whether the file that was looked up exists; if not, that is recorded: the call will fail. */
bool found(const struct task *task, const struct file *file);
/* Record that a name was looked up that doesn't exist, unless it was before. */
void note_absent(const struct task *task, struct name *name);
/* True once a run for each of these: a number below UINT32_MAX - 1 is a process. */
bool is_first_time(uint32_t process, uint32_t path, uint64_t what);
/* Whether is_first_time was asked this before. */
bool is_known(uint32_t process, uint32_t path, uint64_t what);
/* Record these when the call that TASK is entering has succeeded; its end is then awaited. */
void expect_file(struct task *task, const struct file *file, uint32_t mode, uint32_t flags);
void expect_rename(struct task *task, struct name *old, struct name *new, enum rename_kind kind);
void expect_listing(struct task *task, const struct file *file);
void expect_remove(struct task *task, struct name *name, uint32_t flags);
/* The call has succeeded: record what was expected of it. */
void record_events(struct task *task);
/* The call has ended: record what was expected of it, or that a file which couldn't be asked for
 * before wasn't there. */
void record_result(struct task *task, int64_t result);

#endif
