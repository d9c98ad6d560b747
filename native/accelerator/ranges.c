#include "ranges.h"

#include "frames.h"
#include "symbols.h"

#include <stdlib.h>

/* By their begins; of those that begin together, the longest first. */
static int compare(const void *one, const void *other) {
  const struct range *a = one, *b = other;
  if (a->begin != b->begin)
    return a->begin < b->begin ? -1 : 1;
  return a->end == b->end ? 0 : a->end > b->end ? -1 : 1;
}

static void sort(struct ranges *ranges) {
  if (ranges->count)
    qsort(ranges->items, ranges->count, sizeof *ranges->items, compare);
}

/* Whether none begins before the one before it has ended, and all are in the text. */
static bool is_orderly(const struct image *image, const struct ranges *ranges) {
  const Elf64_Phdr *text = image_text(image);
  if (!text)
    return false;
  uint64_t free_from = text->p_vaddr;
  for (size_t i = 0; i < ranges->count; i++) {
    if (ranges->items[i].begin < free_from)
      return false;
    free_from = ranges->items[i].end;
  }
  return free_from <= text->p_vaddr + text->p_filesz;
}

/* Add to the sorted frames the symbols that touch no frame and no symbol before them. */
static void merge(const struct ranges *frames, const struct ranges *symbols, struct ranges *to) {
  size_t next = 0;
  uint64_t free_from = 0;
  for (size_t i = 0; i < symbols->count; i++) {
    struct range symbol = symbols->items[i];
    while (next < frames->count && frames->items[next].begin <= symbol.begin) {
      free_from = frames->items[next].end > free_from ? frames->items[next].end : free_from;
      to->items[to->count++] = frames->items[next++];
    }
    bool is_hit = next < frames->count && frames->items[next].begin < symbol.end;
    if (symbol.begin < free_from || is_hit)
      continue;
    to->items[to->count++] = symbol;
    free_from = symbol.end;
  }
  while (next < frames->count)
    to->items[to->count++] = frames->items[next++];
}

bool ranges_find(const struct image *image, struct ranges *ranges) {
  struct ranges frames = {0}, symbols = {0};
  *ranges = (struct ranges){0};
  bool found = frames_find(image, &frames) && symbols_find(image, &symbols);
  if (found) {
    sort(&frames);
    sort(&symbols);
    ranges->items = calloc(frames.count + symbols.count + 1, sizeof *ranges->items);
  }
  found = found && ranges->items && is_orderly(image, &frames);
  if (found)
    merge(&frames, &symbols, ranges);
  free(frames.items);
  free(symbols.items);
  if (found && is_orderly(image, ranges))
    return true;
  ranges_free(ranges);
  return false;
}

void ranges_free(struct ranges *ranges) {
  free(ranges->items);
  *ranges = (struct ranges){0};
}
