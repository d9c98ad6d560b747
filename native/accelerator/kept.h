/* What was found in libraries, kept from run to run in a folder of the user's, by build-id. */
#ifndef RPZ_KEPT_H
#define RPZ_KEPT_H

#include "sites.h"

/* Keep it in FOLDER; without this it is found again in each run. */
void kept_in(const char *folder);
/* What was kept of the library with TABLE's build-id, into TABLE. False: nothing. */
bool kept_read(struct site_table *table);
/* Keep it. */
void kept_write(const struct site_table *table);

#endif
