#include "images.h"

#include "inodes.h"

#include <string.h>

enum { SLOTS = 256 };

static struct image slots[SLOTS];

static struct image *slot_of(const struct name *name) { return &slots[name->hash % SLOTS]; }

static bool is_same_time(struct timespec one, struct timespec other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

static bool is_unchanged(const struct stat *one, const struct stat *other) {
  return one->st_ino == other->st_ino && one->st_dev == other->st_dev &&
         one->st_size == other->st_size && is_same_time(one->st_mtim, other->st_mtim) &&
         is_same_time(one->st_ctim, other->st_ctim);
}

struct image *image_find(const struct name *name, const struct stat *status) {
  struct image *image = slot_of(name);
  return image->name == name && is_unchanged(&image->status, status) ? image : NULL;
}

void image_add(const struct name *name, const struct stat *status, const char *interpreter,
               bool is_script) {
  struct image *image = slot_of(name);
  if (status->st_ino == 0 || !is_settled(status)) /* 0: it wasn't asked for */
    return;
  free(image->interpreter);
  *image = (struct image){.name = name, .status = *status, .is_script = is_script};
  if (interpreter != NULL) {
    size_t size = strlen(interpreter) + 1;
    image->interpreter = memcpy(xmalloc(size), interpreter, size);
  }
}
