#include "pages.h"

#include "stub.h"

#include "../util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fd = -1;      /* of the logs */
static int code_fd = -1; /* for reading */
static char *code;       /* CODE_SIZE */
/* Which places for logs are taken. */
enum { FIRST_LOG = 0x10000, MOST_LOGS = 4096 };
static bool taken[MOST_LOGS];

/* endbr64; syscall; ret */
static const unsigned char gate[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0x05, 0xc3};

static size_t stub_size(void) { return (size_t)(__stop_rpz_stub_code - __start_rpz_stub_code); }

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
  if (stub_size() > STUB_SIZE || !open_code())
    return false;
  fd = memfd_create("rpz", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, FIRST_LOG) != 0)
    return false;
  memset(code, 0xcc, CODE_SIZE); /* int3 */
  memset(pages_common(), 0, sizeof(struct common));
  memcpy(code + (GATE - AREA), gate, sizeof gate);
  memcpy(code + (STUB - AREA), __start_rpz_stub_code, stub_size());
  return true;
}

int pages_code(void) { return code_fd; }

int pages_logs(void) { return fd; }

struct common *pages_common(void) { return (struct common *)(void *)(code + (COMMON - AREA)); }

static uint64_t offset_of(size_t index) {
  enum { PAGE = 4096 };
  return FIRST_LOG + index * ((LOG_SIZE + PAGE - 1) / PAGE * PAGE);
}

static size_t index_of(uint64_t offset) {
  return (offset - FIRST_LOG) / (offset_of(1) - FIRST_LOG);
}

/* Logs that nobody uses, and that stay mapped for the next process. */
enum { MOST_SPARE = 16 };
static struct spare {
  struct log *log;
  uint64_t offset;
} spare[MOST_SPARE];
static size_t spares;

static struct log *take_spare(uint64_t *offset) {
  struct spare *last = &spare[--spares];
  memset(last->log, 0, LOG_HEADER_SIZE);
  *offset = last->offset;
  return last->log;
}

struct log *pages_new_log(uint64_t *offset) {
  if (spares > 0)
    return take_spare(offset);
  size_t index = 0;
  while (index < MOST_LOGS && taken[index])
    index++;
  if (index == MOST_LOGS)
    return NULL;
  *offset = offset_of(index);
  struct stat status;
  if (fstat(fd, &status) != 0 || ((uint64_t)status.st_size < offset_of(index + 1) &&
                                  ftruncate(fd, (off_t)offset_of(index + 1)) != 0))
    return NULL;
  struct log *log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)*offset);
  if (log == MAP_FAILED)
    return NULL;
  taken[index] = true;
  return log;
}

/* One that was written full would keep too much memory. */
static bool is_small(const struct log *log) {
  enum { SMALL = 1 << 16 };
  uint64_t written = 0;
  for (size_t slot = 0; slot < SLOTS; slot++)
    written += log->slots[slot].head < RING_SIZE ? log->slots[slot].head : RING_SIZE;
  return written < SMALL;
}

void pages_free_log(struct log *log, uint64_t offset) {
  if (spares < MOST_SPARE && is_small(log)) {
    spare[spares++] = (struct spare){log, offset};
    return;
  }
  munmap(log, LOG_SIZE);
  if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, LOG_SIZE) == 0)
    taken[index_of(offset)] = false; /* else it isn't empty, and not used again */
}
