/* What was read of a log is given back where memory is to be spared, and is read right all the
 * same: entries go round the ring while they are read in lots of any size. */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES = 50000, SLOT = 3, BLOCK = 512 };

static struct log *the_log;
static int file;
static uint64_t head;
static unsigned written, taken;

#define CHECK(what)                                                                                \
  if (!(what)) {                                                                                   \
    fprintf(stderr, "line %d, %u written, %u read: %s\n", __LINE__, written, taken, #what);        \
    exit(1);                                                                                       \
  }

static void name_of(char *path, unsigned number) {
  int length = snprintf(path, 64, "/entry/%u/", number);
  memset(path + length, 'x', number * 7 % 400);
  path[(unsigned)length + number * 7 % 400] = '\0';
}

/* As a thread does. False: there is no room. */
static bool write_entry(void) {
  char path[512], *ring = (char *)the_log + LOG_HEADER_SIZE + SLOT * RING_SIZE;
  if (RING_SIZE - (head - the_log->slots[SLOT].tail) < ROOM)
    return false;
  name_of(path, written);
  uint32_t size = (uint32_t)((sizeof(struct entry) + strlen(path) + 8) & ~(size_t)7);
  uint64_t offset = head % RING_SIZE;
  if (RING_SIZE - offset < size) {
    *(uint32_t *)(void *)(ring + offset) = WRAP;
    head += RING_SIZE - offset;
    offset = 0;
  }
  struct entry entry = {.size = size, .length = (uint16_t)strlen(path), .result = (int)written};
  memcpy(ring + offset, &entry, sizeof entry);
  memcpy(ring + offset + sizeof entry, path, strlen(path) + 1);
  head += size;
  the_log->slots[SLOT].head = head;
  written++;
  return true;
}

static bool take_entry(log_position *position) {
  static char path[LONGEST_PATH];
  char expected[512];
  struct entry entry;
  bool damaged = false;
  bool taking = log_take(the_log, SLOT, position, &entry, path, &damaged);
  CHECK(!damaged);
  if (taking) {
    name_of(expected, taken);
    CHECK(entry.result == (int)taken && strcmp(path, expected) == 0);
    taken++;
  }
  return taking;
}

static uint64_t memory(void) {
  struct stat status;
  CHECK(fstat(file, &status) == 0);
  return (uint64_t)status.st_blocks * BLOCK;
}

/* As much as is unread, and two pieces of 16 KiB that were begun, are kept. */
static void check_memory(log_position position) {
  CHECK(memory() <= LOG_HEADER_SIZE + (head - position) + (2 << 14) + 4096);
}

/* Return the greatest memory. */
static uint64_t go_round(bool sparing) {
  uint64_t greatest = 0;
  log_position position = head;
  log_be_sparing(sparing);
  for (unsigned lot = 1; taken < ENTRIES; lot = lot * 5 % 997) {
    for (unsigned i = 0; i < lot && write_entry(); i++)
      ;
    for (unsigned i = 0; i < lot / 2 && take_entry(&position); i++)
      ;
    if (lot % 3 == 0)
      while (take_entry(&position))
        ;
    if (sparing)
      check_memory(position);
    greatest = memory() > greatest ? memory() : greatest;
  }
  while (take_entry(&position))
    ;
  CHECK(taken == written && log_has_more(the_log, SLOT, position) == false);
  return greatest;
}

int main(void) {
  file = memfd_create("log", MFD_CLOEXEC);
  CHECK(file >= 0 && ftruncate(file, (off_t)LOG_SIZE) == 0);
  the_log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(the_log != MAP_FAILED);
  go_round(true);
  written = taken = 0;
  CHECK(go_round(false) == LOG_HEADER_SIZE + RING_SIZE);
  return 0;
}
