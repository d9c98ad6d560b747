#include "log.h"

#include <string.h>

static uint64_t head_of(const struct log *log, size_t slot) {
  return __atomic_load_n(&log->slots[slot].head, __ATOMIC_ACQUIRE);
}

static uint64_t tail_of(const struct log *log, size_t slot) {
  return __atomic_load_n(&log->slots[slot].tail, __ATOMIC_RELAXED);
}

bool log_has_more(const struct log *log, size_t slot) {
  return head_of(log, slot) != tail_of(log, slot);
}

/* The process can write anything into its log: nothing of it is believed. */
static bool is_entry(const struct entry *entry, uint64_t room) {
  return entry->size % 8 == 0 && entry->size <= room && entry->length < LONGEST_PATH &&
         entry->size > sizeof *entry + entry->length;
}

static bool read_entry(const char *at, uint64_t room, struct entry *entry, char *path) {
  if (room < sizeof *entry)
    return false;
  memcpy(entry, at, sizeof *entry);
  if (!is_entry(entry, room))
    return false;
  memcpy(path, at + sizeof *entry, entry->length);
  path[entry->length] = '\0';
  return true;
}

bool log_take(struct log *log, size_t slot, struct entry *entry, char *path, bool *damaged) {
  const char *ring = (const char *)log + LOG_HEADER_SIZE + slot * RING_SIZE;
  uint64_t head = head_of(log, slot), tail = tail_of(log, slot);
  if (head == tail)
    return false;
  *damaged = tail % 8 != 0; /* nothing of a ring is read beyond its end */
  if (*damaged)
    return false;
  uint64_t offset = tail % RING_SIZE;
  uint32_t first;
  memcpy(&first, ring + offset, sizeof first);
  if (first == WRAP) {
    tail += RING_SIZE - offset;
    offset = 0;
  }
  uint64_t room = head - tail < RING_SIZE - offset ? head - tail : RING_SIZE - offset;
  *damaged = head - tail > RING_SIZE || !read_entry(ring + offset, room, entry, path);
  __atomic_store_n(&log->slots[slot].tail, *damaged ? head : tail + entry->size, __ATOMIC_RELEASE);
  return !*damaged;
}
