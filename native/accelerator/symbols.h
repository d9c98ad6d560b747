/* The dynamic symbols of an ELF image that are functions. */
#ifndef RPZ_ACCELERATOR_SYMBOLS_H
#define RPZ_ACCELERATOR_SYMBOLS_H

#include "ranges.h"

/* Put them into FOUND, in any order; nothing where there are none. The caller frees FOUND->items.
 * False: as ranges_find. */
bool symbols_find(const struct image *image, struct ranges *found);

#endif
