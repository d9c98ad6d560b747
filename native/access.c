#include "access.h"

#include "fuse.h"
#include "listing.h"
#include "snapshot.h"

#include <errno.h>
#include <string.h>

/* What was recorded already. A name that was removed or renamed is another file's afterwards, whose
 * use has to be recorded anew: hence the generation. */
struct seen {
  uint32_t process;
  uint32_t path;
  uint32_t generation;
  uint32_t use;
};

static struct seen *table;
static size_t capacity;
static size_t count;

static size_t slot_of(const struct seen *seen) {
  uint64_t hash = seen->path * UINT64_C(0x9e3779b97f4a7c15);
  hash ^= (seen->process + (hash >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
  hash ^=
      ((uint64_t)seen->generation << 16 ^ seen->use ^ (hash >> 32)) * UINT64_C(0x94d049bb133111eb);
  size_t slot = (size_t)(hash ^ (hash >> 31)) & (capacity - 1);
  while (table[slot].process != 0 && memcmp(&table[slot], seen, sizeof *seen) != 0)
    slot = (slot + 1) & (capacity - 1);
  return slot;
}

static void grow(void) {
  struct seen *old = table;
  size_t old_capacity = capacity;
  capacity = capacity == 0 ? 4096 : capacity * 2;
  table = xcalloc(capacity, sizeof *table);
  for (size_t i = 0; i < old_capacity; i++)
    if (old[i].process != 0)
      table[slot_of(&old[i])] = old[i];
  free(old);
}

static bool is_news(const struct seen *seen) {
  if (count * 2 >= capacity)
    grow();
  size_t slot = slot_of(seen);
  if (table[slot].process != 0)
    return false;
  table[slot] = *seen;
  count++;
  return true;
}

bool is_first_time(uint32_t process, uint32_t path, uint64_t what) {
  return is_news(&(struct seen){process, path, (uint32_t)(what >> 32), (uint32_t)what});
}

bool is_known(uint32_t process, uint32_t path, uint64_t what) {
  struct seen seen = {process, path, (uint32_t)(what >> 32), (uint32_t)what};
  return capacity > 0 && table[slot_of(&seen)].process != 0;
}

/* What lies below /proc comes and goes by itself. */
void note_absent(const struct task *task, struct name *name) {
  if (name->missed || strncmp(name->text, "/proc/", sizeof "/proc/" - 1) == 0)
    return;
  name->missed = true;
  record_absent(task->process, name_number(name));
}

bool found(const struct task *task, const struct file *file) {
  if (!file->exists)
    note_absent(task, file->name);
  return file->exists;
}

void note_file(const struct task *task, struct name *name, uint32_t mode, uint32_t flags) {
  uint32_t path = name_number(name);
  name->missed = false;
  struct seen seen = {task->process, path, name_generation(name), mode << 8 | flags};
  if (is_news(&seen))
    record_file(task->process, path, mode, flags);
}

/* What a program of the run serves, the run has made. */
static uint32_t flags_of_served(const struct name *name) {
  return fuse_serves(name->text) && !fuse_is_root(name->text) ? 0 : EXISTED;
}

void note_folder(const struct task *task, struct name *name) {
  note_file(task, name, STAT, DIRECTORY | flags_of_served(name));
}

void note_image(const struct task *task, struct name *name) {
  note_file(task, name, READ, flags_of_served(name));
}

static uint32_t flags_of(const struct file *file) {
  if (!file->exists || file->unasked)
    return 0;
  return EXISTED | (S_ISDIR(file->status.st_mode) ? DIRECTORY : 0);
}

static void expect(struct task *task, struct event event) {
  if (task->event_count < MAX_EVENTS)
    task->events[task->event_count++] = event;
}

void expect_file(struct task *task, const struct file *file, uint32_t mode, uint32_t flags) {
  expect(task, (struct event){.type = EVENT_FILE,
                              .name = file->name,
                              .mode = mode,
                              .flags = flags | flags_of(file),
                              .unasked = file->unasked});
}

void note_use(struct task *task, const struct file *file, uint32_t mode) {
  if (file->unasked)
    expect_file(task, file, mode, 0);
  else
    note_file(task, file->name, mode, flags_of(file));
}

void expect_rename(struct task *task, struct name *old, struct name *new, enum rename_kind kind) {
  accelerator_forget();
  name_may_change(old);
  name_may_change(new);
  expect(task, (struct event){.type = EVENT_RENAME, .name = old, .other = new, .mode = kind});
}

void expect_listing(struct task *task, const struct file *file) {
  expect(task, (struct event){.type = EVENT_LISTING, .name = file->name});
}

void expect_remove(struct task *task, struct name *name, uint32_t flags) {
  accelerator_forget();
  name_may_change(name);
  expect(task, (struct event){.type = EVENT_REMOVE, .name = name, .flags = flags});
}

/* A use by which a run makes or changes a file, as against giving it a name. It may be another
 * inode than before the call: the file is new, or was copied up from a lower layer (overlayfs). */
static bool is_change(const struct event *event) {
  return (event->mode & WRITE) && !(event->mode & LINK) && !(event->flags & DIRECTORY);
}

void record_events(struct task *task) {
  for (size_t i = 0; i < task->event_count; i++) {
    struct event *event = &task->events[i];
    switch (event->type) {
    case EVENT_FILE:
      note_file(task, event->name, event->mode, event->flags);
      if (is_change(event))
        settle_name(event->name);
      break;
    case EVENT_RENAME:
      record_rename(task->process, name_number(event->name), name_number(event->other),
                    event->mode);
      name_changed(event->name);
      name_changed(event->other);
      accelerator_forget();
      accelerator_moved_all(); /* if they were in a folder that was renamed */
      break;
    case EVENT_REMOVE:
      record_remove(task->process, name_number(event->name), event->flags);
      name_changed(event->name);
      accelerator_forget();
      if (event->flags & DIRECTORY)
        accelerator_moved_all();
      break;
    case EVENT_LISTING:
      note_listing(task, event->name, NULL);
      break;
    }
  }
}

void record_result(struct task *task, int64_t result) {
  if (result >= 0)
    record_events(task);
  else if (result == -ENOENT && task->event_count > 0 && task->events[0].unasked)
    note_absent(task, task->events[0].name);
}
