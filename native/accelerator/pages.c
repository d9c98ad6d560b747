#include "pages.h"

#include "stub.h"

#include "../util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int code_fd = -1; /* for reading */
static char *code;       /* CODE_SIZE */

/* endbr64; syscall; ret */
static const unsigned char gate[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x05, 0xc3};

/* Map what only we can write. */
static bool open_code(void) {
  char path[64];
  CLEANUP_FD int whole = memfd_create("rpz", MFD_CLOEXEC);
  if (whole < 0 || ftruncate(whole, CODE_SIZE) != 0)
    return false;
  code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, whole, 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", whole);
  code_fd = open(path, O_RDONLY | O_CLOEXEC);
  return code != MAP_FAILED && code_fd >= 0;
}

bool pages_open(void) {
  if (stub_size() > BOOTSTRAP - STUB || bootstrap_size() > STUB + STUB_SIZE - BOOTSTRAP ||
      !open_code())
    return false;
  memset(code, 0xcc, CODE_SIZE); /* int3 */
  memset(pages_common(), 0, sizeof(struct common));
  memcpy(code + (GATE - AREA), gate, sizeof gate);
  memcpy(code + (STUB - AREA), __start_rpz_stub_code, stub_size());
  memcpy(code + (BOOTSTRAP - AREA), __start_rpz_bootstrap_code, bootstrap_size());
  return true;
}

int pages_code(void) { return code_fd; }

struct common *pages_common(void) { return (struct common *)(void *)(code + (COMMON - AREA)); }

/* Others can't make it shorter under our eyes. */
static bool set_size(int fd) {
  return ftruncate(fd, LOG_SIZE) == 0 &&
         fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

/* Logs that nobody else has any more; to make one takes as long as several looks. */
enum { MOST_SPARE = 16 };
static struct spare {
  struct log *log;
  int fd;
} spare[MOST_SPARE];
static size_t spares;

static struct log *take_spare(int *fd) {
  struct spare *last = &spare[--spares];
  *fd = last->fd;
  return last->log;
}

struct log *pages_new_log(int *fd) {
  if (spares > 0)
    return take_spare(fd);
  *fd = memfd_create("rpz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (*fd < 0)
    return NULL;
  struct log *log = MAP_FAILED;
  if (set_size(*fd))
    log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
  if (log != MAP_FAILED)
    return log;
  close_fd(fd);
  return NULL;
}

static uint64_t written_of(const struct slot *slot) {
  return slot->head < RING_SIZE ? slot->head : RING_SIZE;
}

/* One that was written full would keep too much memory. */
static bool is_small(const struct log *log) {
  enum { SMALL = 1 << 16 };
  uint64_t written = 0;
  for (size_t slot = 0; slot < SLOTS; slot++)
    written += written_of(&log->slots[slot]);
  return written < SMALL;
}

/* The next one that has it need not know what this one looked at. */
static void clear(struct log *log) {
  char *rings = (char *)log + LOG_HEADER_SIZE;
  for (size_t slot = 0; slot < SLOTS; slot++)
    memset(rings + slot * RING_SIZE, 0, written_of(&log->slots[slot]));
  memset(log, 0, LOG_HEADER_SIZE);
}

void pages_free_log(struct log *log, int fd, bool alone) {
  if (alone && fd >= 0 && spares < MOST_SPARE && is_small(log)) {
    clear(log);
    spare[spares++] = (struct spare){log, fd};
    return;
  }
  munmap(log, LOG_SIZE);
  close_fd(&fd);
}
