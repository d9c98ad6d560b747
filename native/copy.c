#include "copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool write_all(int to, const char *data, size_t size, off_t offset) {
  while (size > 0) {
    ssize_t done = pwrite(to, data, size, offset);
    if (done < 0 && errno != EINTR)
      return false;
    if (done > 0) {
      data += done;
      size -= (size_t)done;
      offset += done;
    }
  }
  return true;
}

static bool copy_by_hand(int from, int to, off_t offset, off_t end) {
  static char block[1 << 18];
  while (offset < end) {
    size_t rest = (size_t)(end - offset);
    ssize_t got = pread(from, block, rest < sizeof block ? rest : sizeof block, offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return got == 0;
    if (!write_all(to, block, (size_t)got, offset))
      return false;
    offset += got;
  }
  return true;
}

/* Whatever the reason why the kernel doesn't copy: reading and writing tells if it is a real one.
 */
static bool copy_extent(int from, int to, off_t offset, off_t end) {
  while (offset < end) {
    off_t source = offset, target = offset;
    ssize_t done = copy_file_range(from, &source, to, &target, (size_t)(end - offset), 0);
    if (done > 0)
      offset += done;
    else if (done == 0 || errno != EINTR)
      return copy_by_hand(from, to, offset, end);
  }
  return true;
}

/* Find the data at or behind OFFSET; false: there is only a hole up to the end. A file system that
 * knows nothing of holes has none. */
static bool next_data(int from, off_t offset, off_t size, off_t *start, off_t *end) {
  *start = lseek(from, offset, SEEK_DATA);
  if (*start < 0 && errno == ENXIO)
    return false;
  *end = *start < 0 ? -1 : lseek(from, *start, SEEK_HOLE);
  if (*end < 0) {
    *start = offset;
    *end = size;
  }
  if (*end > size)
    *end = size;
  return true;
}

static bool copy_data(int from, int to, off_t size) {
  off_t start, end;
  for (off_t offset = 0; offset < size; offset = end) {
    if (!next_data(from, offset, size, &start, &end))
      return true;
    if (!copy_extent(from, to, start, end))
      return false;
  }
  return true;
}

bool copy_content(int from, int to, off_t size) {
  if (size == 0 || ioctl(to, FICLONE, from) == 0)
    return true;
  return ftruncate(to, size) == 0 && copy_data(from, to, size);
}
