/* Every path that the tracer has met, once: its number in the stream, and what it was last seen to
 * be, so that the folders of a path are looked up once and not at every call. */
#ifndef RPZ_NAMES_H
#define RPZ_NAMES_H

#include "util.h"

enum kind { KIND_UNKNOWN, KIND_DIRECTORY, KIND_LINK, KIND_FILE };

struct name {
  char *text;
  uint32_t length;
  uint32_t hash;
  uint32_t number;     /* in the stream; 0 until it is used there */
  uint32_t generation; /* how often it was renamed or removed */
  enum kind kind;
  bool missed;  /* it was recorded as absent, and has not come since */
  bool doubted; /* a call is about to remove or rename it: it is not known to be a file */
  uint32_t believed_since; /* the folder changes at which it was of this kind */
  char *target;            /* of a KIND_LINK */
};

/* Find or make the entry of an absolute path. The pointer stays valid. */
struct name *name_of(const char *path, size_t length);
/* The number of a path in the stream, with a PATH record before its first use. */
uint32_t name_number(struct name *name);
/* The name is about to be removed or renamed. */
void name_may_change(struct name *name);
/* The name was removed or renamed: what was believed of it, and of all below it, is forgotten. */
void name_changed(struct name *name);
/* Something was mounted or unmounted: what was believed of all names is forgotten. */
void names_changed(void);
/* Another number after each change of the name or of a folder that may be above it. */
uint32_t name_generation(const struct name *name);
/* Remember that PATH is a symbolic link to TARGET; true if that is news. */
bool name_is_link(struct name *name, const char *target);
/* The kind of NAME if it is still believed, else KIND_UNKNOWN. */
enum kind name_kind(const struct name *name);
void name_is_directory(struct name *name);
/* It is a regular file: no link, and nothing that leads on. */
void name_is_file(struct name *name);

#endif
