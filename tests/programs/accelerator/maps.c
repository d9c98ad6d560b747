/* What the kernel tells of a process's code by its newer way is what /proc/PID/maps says. */
#include "maps.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(what)                                                                                \
  if (!(what)) {                                                                                   \
    fprintf(stderr, "line %d, mapping %d: %s\n", __LINE__, count, #what);                          \
    exit(1);                                                                                       \
  }

int main(void) {
  struct maps maps, lines;
  struct mapping mapping, line;
  int count = 0, named = 0, special = 0;
  CHECK(dlopen("libm.so.6", RTLD_NOW) != NULL);
  CHECK(maps_open(&maps, getpid()) && maps_open(&lines, getpid()));
  for (; maps_next(&maps, &mapping); count++) {
    CHECK(maps_next_line(&lines, &line));
    CHECK(mapping.start == line.start && mapping.end == line.end);
    CHECK(mapping.offset == line.offset && mapping.inode == line.inode);
    CHECK(mapping.major == line.major && mapping.minor == line.minor);
    CHECK(strcmp(mapping.path, line.path) == 0);
    named += mapping.path[0] == '/';
    special += strcmp(mapping.path, "[vdso]") == 0;
  }
  CHECK(!maps_next_line(&lines, &line) || strcmp(line.path, "[vsyscall]") == 0);
  CHECK(named >= 4 && special == 1); /* the program, its loader, libc, libm */
  maps_close(&maps);
  maps_close(&lines);
  return 0;
}
