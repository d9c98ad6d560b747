#include "listing.h"

#include "access.h"
#include "deep.h"
#include "fuse.h"
#include "inodes.h"
#include "record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A greater folder is a data base of its own: to list it would stop the program for too long. */
enum { MAX_ENTRIES = 100000 };

/* is_first_time knows these by a number that no process has. */
static const uint32_t LISTINGS = UINT32_MAX;

struct entries {
  struct buffer text; /* a letter and a name, each with its NUL */
  struct buffer starts;
};

static uint64_t nanoseconds(struct timespec time) {
  return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

/* These folders change by themselves, and what is in them is the machine's. */
static bool is_of_the_machine(const char *path) {
  static const char *const folders[] = {"/proc", "/sys", "/dev"};
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    size_t length = strlen(folders[i]);
    if (strncmp(path, folders[i], length) == 0 && (path[length] == '\0' || path[length] == '/'))
      return true;
  }
  return false;
}

/* Another value after each change of the folder, or after its replacement. */
static uint64_t state_of(const struct stat *status) {
  uint64_t state = nanoseconds(status->st_mtim);
  state = (state ^ state >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + nanoseconds(status->st_ctim);
  return (state ^ state >> 32) * UINT64_C(0x94d049bb133111eb) + status->st_ino;
}

/* As find -type has it. */
static char letter_of(unsigned char type) {
  switch (type) {
  case DT_REG:
    return 'f';
  case DT_DIR:
    return 'd';
  case DT_LNK:
    return 'l';
  case DT_FIFO:
    return 'p';
  case DT_SOCK:
    return 's';
  case DT_CHR:
    return 'c';
  case DT_BLK:
    return 'b';
  default:
    return '?';
  }
}

static void add_entry(struct entries *entries, const struct dirent *entry) {
  char letter = letter_of(entry->d_type);
  size_t start = entries->text.size;
  if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
    return;
  buffer_append(&entries->starts, &start, sizeof start);
  buffer_append(&entries->text, &letter, 1);
  buffer_append(&entries->text, entry->d_name, strlen(entry->d_name) + 1);
}

static size_t entry_count(const struct entries *entries) {
  return entries->starts.size / sizeof(size_t);
}

/* False: there are too many. */
static bool read_entries(DIR *folder, struct entries *entries) {
  const struct dirent *entry;
  while ((entry = readdir(folder)) != NULL) {
    if (entry_count(entries) == MAX_ENTRIES)
      return false;
    add_entry(entries, entry);
  }
  return true;
}

static int compare(const void *one, const void *other, void *text) {
  size_t starts[2];
  memcpy(&starts[0], one, sizeof starts[0]);
  memcpy(&starts[1], other, sizeof starts[1]);
  return strcmp((const char *)text + starts[0], (const char *)text + starts[1]);
}

static void record_sorted(const struct task *task, struct name *folder, struct entries *entries) {
  struct buffer sorted = {0};
  size_t count = entry_count(entries);
  if (count > 0)
    qsort_r(entries->starts.data, count, sizeof(size_t), compare, entries->text.data);
  for (size_t i = 0; i < count; i++) {
    size_t start;
    memcpy(&start, entries->starts.data + i * sizeof start, sizeof start);
    const char *entry = entries->text.data + start;
    buffer_append(&sorted, entry, strlen(entry) + 1);
  }
  record_listing(task->process, name_number(folder), &sorted);
  buffer_free(&sorted);
}

static void warn_of_size(const struct task *task, const struct name *folder) {
  char text[2 * PATH_MAX + 128];
  snprintf(text, sizeof text,
           "What is in the folder %s was not recorded: it has more than %d names", folder->text,
           MAX_ENTRIES);
  record_warning(task->process, text);
}

static DIR *open_folder(const char *path) {
  if (fuse_serves(path))
    return NULL;
  DIR *folder = opendir(path);
  if (folder != NULL || errno != ENAMETOOLONG)
    return folder;
  int fd = deep_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL)
    close_fd(&fd);
  return folder;
}

/* What the tracer may not read, or what is gone again, stays unlisted. */
static void list(const struct task *task, struct name *name) {
  struct entries entries = {0};
  DIR *folder = open_folder(name->text);
  if (folder == NULL)
    return;
  if (read_entries(folder, &entries))
    record_sorted(task, name, &entries);
  else
    warn_of_size(task, name);
  closedir(folder);
  buffer_free(&entries.text);
  buffer_free(&entries.starts);
}

void note_listing(const struct task *task, struct name *folder, const struct stat *status) {
  struct stat now;
  if (is_of_the_machine(folder->text))
    return;
  if (status == NULL) {
    if (deep_stat(folder->text, &now, 0) != 0)
      return;
    status = &now;
  }
  if (!is_settled(status) || is_first_time(LISTINGS, name_number(folder), state_of(status)))
    list(task, folder);
}
