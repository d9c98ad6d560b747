/* Copy the content of a file as cheaply as the file systems can. */
#ifndef RPZ_COPY_H
#define RPZ_COPY_H

#include "util.h"

#include <sys/types.h>

/* Copy the first SIZE bytes of FROM into TO, which is empty; holes stay holes. False: errno. */
bool copy_content(int from, int to, off_t size);

#endif
