#include "inodes.h"

/* The kernel's clock for changes may tick as seldom as every 10 ms: two changes that are closer can
 * leave the same time. */
enum { TICK = 20000000 };

static size_t slot_of(const struct inodes *set, struct inode inode) {
  uint64_t hash = (inode.number ^ inode.device << 40) * UINT64_C(0x9e3779b97f4a7c15);
  size_t slot = (size_t)(hash ^ hash >> 32) & (set->capacity - 1);
  while (set->slots[slot].number != 0 &&
         (set->slots[slot].number != inode.number || set->slots[slot].device != inode.device))
    slot = (slot + 1) & (set->capacity - 1);
  return slot;
}

static void grow(struct inodes *set) {
  struct inodes old = *set;
  set->capacity = old.capacity == 0 ? 256 : old.capacity * 2;
  set->slots = xcalloc(set->capacity, sizeof *set->slots);
  for (size_t i = 0; i < old.capacity; i++)
    if (old.slots[i].number != 0)
      set->slots[slot_of(set, old.slots[i])] = old.slots[i];
  free(old.slots);
}

static struct inode inode_of(const struct stat *status) {
  return (struct inode){status->st_dev, status->st_ino};
}

bool inodes_add(struct inodes *set, const struct stat *status) {
  if (set->count * 2 >= set->capacity)
    grow(set);
  struct inode *slot = &set->slots[slot_of(set, inode_of(status))];
  if (slot->number != 0)
    return false;
  *slot = inode_of(status);
  set->count++;
  return true;
}

bool inodes_have(const struct inodes *set, const struct stat *status) {
  return set->capacity > 0 && set->slots[slot_of(set, inode_of(status))].number != 0;
}

bool is_settled(const struct stat *status) {
  struct timespec time = status->st_ctim;
  return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec + TICK <
         wall_clock();
}
