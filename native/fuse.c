#include "fuse.h"

#include "accelerator/accelerator.h"

#include "record.h"
#include "util.h"

#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char mounts_file[] = "/proc/self/mounts";

/* Folders, each with a NUL. */
static struct buffer others; /* served since before we watched: by programs that aren't traced */
static struct buffer served;
static int mounts = -1; /* tells when there are others; -1: nothing is watched for */

static bool has(const struct buffer *folders, const char *folder) {
  for (size_t i = 0; i < folders->size; i += strlen(folders->data + i) + 1)
    if (strcmp(folders->data + i, folder) == 0)
      return true;
  return false;
}

static bool is_fuse(const char *type) {
  return strcmp(type, "fuse") == 0 || strcmp(type, "fuseblk") == 0 ||
         strncmp(type, "fuse.", sizeof "fuse." - 1) == 0;
}

static void read_mounts(struct buffer *folders) {
  char text[4 * PATH_MAX];
  struct mntent entry;
  FILE *file = setmntent(mounts_file, "re");
  if (file == NULL)
    return;
  while (getmntent_r(file, &entry, text, sizeof text) != NULL)
    if (is_fuse(entry.mnt_type))
      buffer_append(folders, entry.mnt_dir, strlen(entry.mnt_dir) + 1);
  endmntent(file);
}

static bool is_fuse_device(const struct stat *status) {
  enum { MISC = 10, FUSE = 229 }; /* admin-guide/devices.txt */
  return S_ISCHR(status->st_mode) && status->st_rdev == makedev(MISC, FUSE);
}

void fuse_note_open(const struct stat *status) {
  if (mounts >= 0 || !is_fuse_device(status))
    return;
  mounts = open(mounts_file, O_RDONLY | O_CLOEXEC);
  read_mounts(&others);
  accelerator_stop_all(); /* what is opened there can only be told while it is open */
  accelerator_close();
}

/* Once a run. */
static void warn(const char *folder) {
  static const char what[] =
      " is served by a program of the run (FUSE), which is not asked while it "
      "is traced: the trace has which files were used there, but not what "
      "they were, where links led, or what was in folders";
  static bool warned;
  struct buffer text = {0};
  if (warned)
    return;
  warned = true;
  buffer_append(&text, folder, strlen(folder));
  buffer_append(&text, what, sizeof what);
  record_warning(0, text.data);
  buffer_free(&text);
}

/* Tell what is served now; what isn't mounted any more may be served by another soon. */
static void update(void) {
  struct buffer now = {0}, still = {0};
  read_mounts(&now);
  served.size = 0;
  for (size_t i = 0; i < now.size; i += strlen(now.data + i) + 1) {
    const char *folder = now.data + i;
    bool other = has(&others, folder);
    if (!other)
      warn(folder);
    buffer_append(other ? &still : &served, folder, strlen(folder) + 1);
  }
  buffer_free(&others);
  others = still;
  buffer_free(&now);
}

/* Reading it would be slow; it says when it has changed since it was last asked. */
static bool mounts_have_changed(void) {
  struct pollfd wait = {mounts, POLLPRI, 0};
  return poll(&wait, 1, 0) > 0;
}

static bool is_in(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

bool fuse_serves(const char *path) {
  if (mounts < 0)
    return false;
  if (mounts_have_changed())
    update();
  for (size_t i = 0; i < served.size; i += strlen(served.data + i) + 1)
    if (is_in(path, served.data + i))
      return true;
  return false;
}

bool fuse_is_root(const char *path) { return mounts >= 0 && has(&served, path); }

static void fill(const struct statx *from, struct stat *status) {
  *status = (struct stat){
      .st_dev = makedev(from->stx_dev_major, from->stx_dev_minor),
      .st_ino = from->stx_ino,
      .st_mode = from->stx_mode,
      .st_nlink = from->stx_nlink,
      .st_uid = from->stx_uid,
      .st_gid = from->stx_gid,
      .st_rdev = makedev(from->stx_rdev_major, from->stx_rdev_minor),
      .st_size = (off_t)from->stx_size,
      .st_blocks = (blkcnt_t)from->stx_blocks,
      .st_atim = {from->stx_atime.tv_sec, from->stx_atime.tv_nsec},
      .st_mtim = {from->stx_mtime.tv_sec, from->stx_mtime.tv_nsec},
      .st_ctim = {from->stx_ctime.tv_sec, from->stx_ctime.tv_nsec},
  };
}

int fuse_stat(const char *path, struct stat *status) {
  struct statx known;
  if (mounts < 0)
    return stat(path, status);
  if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &known) != 0)
    return -1;
  fill(&known, status);
  return 0;
}
