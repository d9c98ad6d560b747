/* openat2 with RESOLVE_IN_ROOT: the folder is the root of the walk, for links and `..` too. */
#include "check.h"

#include <linux/openat2.h>

int main(void) {
  struct open_how how = {.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT};
  CHECK(mkdir("folder", 0755) == 0);
  make_file("folder/inside");
  CHECK(symlink("/../inside", "folder/link") == 0);
  int folder = open("folder", O_PATH);
  CHECK(syscall(SYS_openat2, folder, "/link", &how, sizeof how) >= 0);
  expect("READ|WRITE:EXISTED", "folder/inside");
  expect("NEVER", "/inside");
  return 0;
}
