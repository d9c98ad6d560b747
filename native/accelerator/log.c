#include "log.h"

#include <string.h>
#include <sys/mman.h>

static bool is_sparing;

void log_be_sparing(bool sparing) { is_sparing = sparing; }

/* What was read is given back by the piece, which is more than an entry. */
enum { PIECE = 1 << 14 };

static uint64_t head_of(const struct log *log, size_t slot) {
  return __atomic_load_n(&log->slots[slot].head, __ATOMIC_ACQUIRE);
}

bool log_has_more(const struct log *log, size_t slot, log_position position) {
  return head_of(log, slot) != position;
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

/* Let the thread have the pieces again that were read whole; until then it doesn't write there. */
static void give_back(struct slot *slot, char *ring, uint64_t from, uint64_t to) {
  if (from / PIECE == to / PIECE)
    return;
  if (is_sparing)
    madvise(ring + from % RING_SIZE / PIECE * PIECE, PIECE, MADV_REMOVE);
  __atomic_store_n(&slot->tail, to / PIECE * PIECE, __ATOMIC_RELEASE);
}

bool log_take(struct log *log, size_t slot, log_position *position, struct entry *entry, char *path,
              bool *damaged) {
  char *ring = (char *)log + LOG_HEADER_SIZE + slot * RING_SIZE;
  uint64_t head = head_of(log, slot), at = *position;
  if (head == at)
    return false;
  uint64_t offset = at % RING_SIZE;
  uint32_t first;
  memcpy(&first, ring + offset, sizeof first);
  if (first == WRAP) {
    at += RING_SIZE - offset;
    offset = 0;
  }
  uint64_t room = head - at < RING_SIZE - offset ? head - at : RING_SIZE - offset;
  *damaged = head - at > RING_SIZE || !read_entry(ring + offset, room, entry, path);
  if (*damaged)
    return false;
  at += entry->size;
  give_back(&log->slots[slot], ring, *position, at);
  *position = at;
  return true;
}
