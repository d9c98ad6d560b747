/* Work in a folder that only who goes down to it finds: its path is longer than a system call
 * takes, and the folder above it may be crossed but not be read. */
#include "../check.h"

enum { DEPTH = 20, LENGTH = 250 };

static void go_down(const char *name) {
  CHECK(mkdir(name, 0755) == 0);
  CHECK(chdir(name) == 0);
}

int main(void) {
  char name[LENGTH + 1];
  memset(name, 'd', LENGTH);
  name[LENGTH] = '\0';
  for (int i = 0; i < DEPTH; i++)
    go_down(name);
  CHECK(mkdir("hidden", 0755) == 0);
  CHECK(mkdir("hidden/below", 0755) == 0);
  CHECK(chmod("hidden", 0311) == 0);
  CHECK(chdir("hidden/below") == 0);
  make_file("unseen");
  make_file("unseen");
  CHECK(chdir("..") == 0);
  CHECK(chmod(".", 0755) == 0);
  CHECK(chdir("below") == 0);
  make_file("shown");
  return 0;
}
