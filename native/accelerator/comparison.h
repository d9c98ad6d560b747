/* The looks of a process that were traced both ways: as stops, and in its log. */
#ifndef RPZ_COMPARISON_H
#define RPZ_COMPARISON_H

#include <stddef.h>
#include <stdint.h>

struct name;

/* Hashes of looks; each is once in it. */
struct looks {
  uint64_t *table;
  size_t capacity;
  size_t count;
};

struct comparison {
  struct looks stopped;
  struct looks logged;
};

/* A look: the call's number, the path as it was given, the folder that it is relative to (or NULL).
 */
void looks_add(struct looks *looks, uint64_t number, const char *path, const struct name *folder);
/* How many there were, and how many were seen one way only. */
size_t comparison_count(const struct comparison *comparison);
size_t comparison_differences(const struct comparison *comparison);
void comparison_free(struct comparison *comparison);

#endif
