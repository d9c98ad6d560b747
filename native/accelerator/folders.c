#include "folders.h"

struct folder {
  uint64_t device;
  uint64_t inode;
  struct name *name; /* NULL: nothing is here */
  uint32_t generation;
};

static struct folder *table;
static size_t capacity;
static size_t count;

static struct folder *slot_of(uint64_t device, uint64_t inode) {
  uint64_t hash = (device ^ inode * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);
  size_t slot = (size_t)(hash ^ hash >> 32) & (capacity - 1);
  while (table[slot].name != NULL && (table[slot].device != device || table[slot].inode != inode))
    slot = (slot + 1) & (capacity - 1);
  return &table[slot];
}

static void grow(void) {
  struct folder *old = table;
  size_t old_capacity = capacity;
  capacity = capacity == 0 ? 1024 : capacity * 2;
  table = xcalloc(capacity, sizeof *table);
  for (size_t i = 0; i < old_capacity; i++)
    if (old[i].name != NULL)
      *slot_of(old[i].device, old[i].inode) = old[i];
  free(old);
}

void folder_is(uint64_t device, uint64_t inode, struct name *name) {
  if (count * 2 >= capacity)
    grow();
  struct folder *folder = slot_of(device, inode);
  count += folder->name == NULL;
  *folder = (struct folder){device, inode, name, name_generation(name)};
}

struct name *folder_at(uint64_t device, uint64_t inode, bool *certain) {
  const struct folder *folder = capacity == 0 ? NULL : slot_of(device, inode);
  struct name *name = folder == NULL ? NULL : folder->name;
  *certain = name != NULL && folder->generation == name_generation(name);
  return name;
}
