/* Where the functions of an ELF image begin and end. */
#ifndef RPZ_ACCELERATOR_RANGES_H
#define RPZ_ACCELERATOR_RANGES_H

#include "image.h"

/* Addresses; the end is the first that isn't the function's. */
struct range {
  uint64_t begin;
  uint64_t end;
};

/* In the order of addresses; none touches another's bytes. */
struct ranges {
  struct range *items; /* from malloc: ranges_free */
  size_t count;
};

/* Find the functions in the image's text: those that it can unwind (.eh_frame, by the table of
 * PT_GNU_EH_FRAME), and those among its dynamic symbols that no such range touches (a libc may have
 * no more). False: the image says it in another way than linkers do, or contradicts itself. */
bool ranges_find(const struct image *image, struct ranges *ranges);

void ranges_free(struct ranges *ranges);

#endif
