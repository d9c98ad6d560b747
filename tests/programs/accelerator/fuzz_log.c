/* What a process writes into its log may be anything: reading it ends, and stays within the log.
 * Run with a number to start from; built with the sanitizers. */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { RUNS = 2000, PAGE = 4096 };

static uint64_t state;

static uint64_t any(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

/* A log after which nothing is mapped. */
static struct log *new_log(void) {
  char *pages =
      mmap(NULL, LOG_SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || mprotect(pages + LOG_SIZE, PAGE, PROT_NONE) != 0)
    exit(2);
  return (struct log *)(void *)pages;
}

/* Entries that are sound, but for some. */
static void fill(char *ring) {
  for (uint64_t at = 0; at + sizeof(struct entry) + 512 < RING_SIZE;) {
    struct entry *entry = (struct entry *)(void *)(ring + at);
    uint16_t length = (uint16_t)(any() % 256);
    uint32_t size = (uint32_t)((sizeof *entry + length + 8) & ~(size_t)7);
    entry->size = any() % 64 == 0 ? (uint32_t)any() : any() % 64 == 0 ? WRAP : size;
    entry->length = any() % 64 == 0 ? (uint16_t)any() : length;
    at += size;
  }
}

static void run(struct log *log, size_t slot) {
  static const uint64_t NEAR[] = {0, 1, 8, 4096, RING_SIZE - 8, RING_SIZE, RING_SIZE + 8};
  static char path[LONGEST_PATH];
  struct entry entry;
  bool damaged = false;
  size_t count = 0;
  fill((char *)log + LOG_HEADER_SIZE + slot * RING_SIZE);
  uint64_t tail = any() % 4 == 0 ? any() & ~UINT64_C(7) : any() % (2 * RING_SIZE) & ~UINT64_C(7);
  log_be_sparing(any() % 2 == 0);
  log->slots[slot].head = any() % 4 == 0 ? any() : tail + NEAR[any() % 7];
  while (!damaged && log_take(log, slot, &tail, &entry, path, &damaged))
    if (strlen(path) >= LONGEST_PATH || ++count > RING_SIZE / sizeof entry)
      exit(3);
}

int main(int argc, char **argv) {
  struct log *log = new_log();
  state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  for (size_t i = 0; i < RUNS; i++)
    run(log, i % 2 == 0 ? SLOTS - 1 : any() % SLOTS);
  return 0;
}
