/* The ranges of the functions that an ELF image can unwind (Linux Standard Base, .eh_frame_hdr). */
#ifndef RPZ_ACCELERATOR_FRAMES_H
#define RPZ_ACCELERATOR_FRAMES_H

#include "ranges.h"

/* Put into FOUND what PT_GNU_EH_FRAME's table lists, in its order; nothing where there is none.
 * The caller frees FOUND->items. False: as ranges_find. */
bool frames_find(const struct image *image, struct ranges *found);

#endif
