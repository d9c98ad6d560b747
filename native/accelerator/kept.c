#include "kept.h"

#include "../util.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *folder;

/* Another number after each change of what is found, or of how it is kept. */
static const char magic[16] = "RPZSITES 2";

struct kept {
  char magic[sizeof magic];
  struct site_table table;
};

void kept_in(const char *path) { folder = path; }

static bool file_of(const struct site_table *table, const char *suffix, char *path, size_t size) {
  char name[2 * MAX_BUILD_ID + 1] = "";
  if (folder == NULL || table->build_id_size == 0)
    return false;
  for (size_t i = 0; i < table->build_id_size; i++)
    snprintf(name + 2 * i, 3, "%02x", table->build_id[i]);
  return (size_t)snprintf(path, size, "%s/%s%s", folder, name, suffix) < size;
}

/* The file may be damaged, or not from us: what it says is compared with the process's memory
 * before anything is changed there, and must not lead out of the tables. */
static bool is_sound(const struct kept *kept, const struct site_table *wanted) {
  const struct site_table *table = &kept->table;
  if (memcmp(kept->magic, magic, sizeof magic) != 0 || table->count > MAX_SITES ||
      table->build_id_size != wanted->build_id_size ||
      memcmp(table->build_id, wanted->build_id, sizeof table->build_id) != 0)
    return false;
  for (size_t i = 0; i < table->count; i++)
    if (table->sites[i].between_size > MAX_BETWEEN)
      return false;
  return true;
}

bool kept_read(struct site_table *table) {
  char path[PATH_MAX];
  struct kept kept;
  if (!file_of(table, "", path, sizeof path))
    return false;
  CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 || read(fd, &kept, sizeof kept) != (ssize_t)sizeof kept || !is_sound(&kept, table))
    return false;
  *table = kept.table;
  return true;
}

void kept_write(const struct site_table *table) {
  char path[PATH_MAX], draft[PATH_MAX], suffix[32];
  struct kept kept;
  snprintf(suffix, sizeof suffix, ".%d", getpid());
  if (!file_of(table, "", path, sizeof path) || !file_of(table, suffix, draft, sizeof draft))
    return;
  memset(&kept, 0, sizeof kept);
  memcpy(kept.magic, magic, sizeof magic);
  kept.table = *table;
  CLEANUP_FD int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return;
  if (write(fd, &kept, sizeof kept) != (ssize_t)sizeof kept || rename(draft, path) != 0)
    unlink(draft);
}
