/* unlink, unlinkat and rmdir; a removed name that is used again. */
#include "check.h"

int main(void) {
  make_file("file");
  CHECK(unlink("file") == 0);
  expect("STAT|LINK:EXISTED", "file");
  expect("REMOVE", "file");

  CHECK(symlink("nowhere", "link") == 0);
  CHECK(unlink("link") == 0);
  expect("STAT|LINK:EXISTED", "link");
  expect("REMOVE", "link");

  CHECK(mkdir("folder", 0755) == 0);
  make_file("folder/inside");
  int folder = open("folder", O_PATH);
  CHECK(unlinkat(folder, "inside", 0) == 0);
  expect("REMOVE", "folder/inside");
  CHECK(rmdir("folder") == 0);
  expect("STAT|LINK:DIRECTORY|EXISTED", "folder");
  expect("RMDIR", "folder");
  CHECK(mkdir("folder2", 0755) == 0);
  CHECK(unlinkat(AT_FDCWD, "folder2", AT_REMOVEDIR) == 0);
  expect("RMDIR", "folder2");
  CHECK(unlink("missing") == -1);
  expect("NEVER", "missing");
  return 0;
}
