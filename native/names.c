#include "names.h"

#include "accelerator/accelerator.h"
#include "record.h"

#include <string.h>

static struct name **table;
static size_t capacity;
static size_t count;
static uint32_t numbers;
static uint32_t folder_changes; /* what was believed of a name before the last one is doubted */

static uint32_t hash_of(const char *text, size_t length) {
  uint64_t hash = length, word;
  for (; length >= sizeof word; text += sizeof word, length -= sizeof word) {
    memcpy(&word, text, sizeof word);
    hash = hash_with(hash, word);
  }
  word = 0;
  memcpy(&word, text, length);
  return (uint32_t)hash_with(hash, word);
}

static size_t slot_of(const char *text, size_t length, uint32_t hash) {
  size_t slot = hash & (capacity - 1);
  while (table[slot] != NULL && (table[slot]->hash != hash || table[slot]->length != length ||
                                 memcmp(table[slot]->text, text, length) != 0))
    slot = (slot + 1) & (capacity - 1);
  return slot;
}

static void grow(void) {
  struct name **old = table;
  size_t old_capacity = capacity;
  capacity = capacity == 0 ? 1024 : capacity * 2;
  table = xcalloc(capacity, sizeof *table);
  for (size_t i = 0; i < old_capacity; i++)
    if (old[i] != NULL)
      table[slot_of(old[i]->text, old[i]->length, old[i]->hash)] = old[i];
  free(old);
}

struct name *name_of(const char *path, size_t length) {
  if (count * 2 >= capacity)
    grow();
  uint32_t hash = hash_of(path, length);
  size_t slot = slot_of(path, length, hash);
  if (table[slot] == NULL) {
    struct name *name = xmalloc(sizeof *name + length + 1);
    *name = (struct name){.text = (char *)(name + 1), .length = (uint32_t)length, .hash = hash};
    memcpy(name->text, path, length);
    name->text[length] = '\0';
    table[slot] = name;
    count++;
  }
  return table[slot];
}

uint32_t name_number(struct name *name) {
  if (name->number == 0) {
    name->number = ++numbers;
    record_path(name->number, name->text, name->length);
  }
  return name->number;
}

enum kind name_kind(const struct name *name) {
  return name->believed_since == folder_changes ? name->kind : KIND_UNKNOWN;
}

static void believe(struct name *name, enum kind kind) {
  name->kind = kind;
  name->believed_since = folder_changes;
}

void name_is_directory(struct name *name) { believe(name, KIND_DIRECTORY); }

void name_is_file(struct name *name) {
  if (!name->doubted)
    believe(name, KIND_FILE);
}

static void forget_file(struct name *name) {
  if (name->kind == KIND_FILE)
    name->kind = KIND_UNKNOWN;
}

void name_may_change(struct name *name) {
  name->doubted = true;
  forget_file(name);
}

bool name_is_link(struct name *name, const char *target) {
  believe(name, KIND_LINK);
  if (name->target != NULL && strcmp(name->target, target) == 0)
    return false;
  free(name->target);
  name->target = xmalloc(strlen(target) + 1);
  memcpy(name->target, target, strlen(target) + 1);
  return true;
}

uint32_t name_generation(const struct name *name) { return name->generation + folder_changes; }

void names_changed(void) {
  folder_changes++;
  accelerator_forget();
  accelerator_moved_all();
}

void name_changed(struct name *name) {
  name->generation++;
  name->missed = false;
  name->doubted = false;
  forget_file(name);
  if (name_kind(name) != KIND_UNKNOWN)
    folder_changes++;
}
