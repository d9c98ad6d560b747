#include "comparison.h"

#include "../names.h"

#include <stdbool.h>
#include <string.h>

static uint64_t hash_of(uint64_t number, const char *path, const struct name *folder) {
  uint64_t hash = hash_with(number + 1, folder == NULL ? 0 : folder->hash);
  for (; *path != '\0'; path++)
    hash = hash_with(hash, (unsigned char)*path);
  return hash | 1; /* 0 is an empty place */
}

static size_t place_of_hash(const struct looks *looks, uint64_t hash) {
  size_t place = (size_t)(hash >> 20) & (looks->capacity - 1);
  while (looks->table[place] != 0 && looks->table[place] != hash)
    place = (place + 1) & (looks->capacity - 1);
  return place;
}

static bool has(const struct looks *looks, uint64_t hash) {
  return looks->capacity > 0 && looks->table[place_of_hash(looks, hash)] != 0;
}

static void grow(struct looks *looks) {
  struct looks larger = {.capacity = looks->capacity == 0 ? 1024 : 2 * looks->capacity};
  larger.table = xcalloc(larger.capacity, sizeof *larger.table);
  for (size_t i = 0; i < looks->capacity; i++)
    if (looks->table[i] != 0)
      larger.table[place_of_hash(&larger, looks->table[i])] = looks->table[i];
  larger.count = looks->count;
  free(looks->table);
  *looks = larger;
}

void looks_add(struct looks *looks, uint64_t number, const char *path, const struct name *folder) {
  if (2 * looks->count >= looks->capacity)
    grow(looks);
  uint64_t hash = hash_of(number, path, path[0] == '/' ? NULL : folder);
  size_t place = place_of_hash(looks, hash);
  looks->count += looks->table[place] == 0;
  looks->table[place] = hash;
}

static size_t missing(const struct looks *from, const struct looks *in) {
  size_t count = 0;
  for (size_t i = 0; i < in->capacity; i++)
    count += in->table[i] != 0 && !has(from, in->table[i]);
  return count;
}

size_t comparison_count(const struct comparison *comparison) { return comparison->stopped.count; }

size_t comparison_differences(const struct comparison *comparison) {
  return missing(&comparison->stopped, &comparison->logged) +
         missing(&comparison->logged, &comparison->stopped);
}

void comparison_free(struct comparison *comparison) {
  free(comparison->stopped.table);
  free(comparison->logged.table);
  *comparison = (struct comparison){0};
}
