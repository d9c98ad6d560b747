/* Calls that start from a folder's descriptor. */
#include "check.h"

int main(void) {
  CHECK(mkdir("folder", 0755) == 0);
  CHECK(mkdir("other", 0755) == 0);
  int folder = open("folder", O_RDONLY | O_DIRECTORY);
  int path_only = open("other", O_PATH | O_DIRECTORY);
  CHECK(folder >= 0 && path_only >= 0);

  CHECK(openat(folder, "new", O_WRONLY | O_CREAT, 0644) >= 0);
  expect("WRITE:", "folder/new");
  CHECK(openat(path_only, "../folder/new", O_RDONLY) >= 0);
  expect("READ", "folder/new");
  expect("STAT:DIRECTORY|EXISTED", "other");
  CHECK(openat(folder, "/dev/null", O_RDONLY) >= 0);
  expect("READ", "/dev/null");
  CHECK(openat(AT_FDCWD, "folder/./new", O_RDWR) >= 0);
  expect("READ|WRITE", "folder/new");

  CHECK(mkdirat(folder, "sub", 0755) == 0);
  expect("WRITE:DIRECTORY", "folder/sub");
  CHECK(faccessat(folder, "sub", X_OK, 0) == 0);
  expect("STAT:DIRECTORY|EXISTED", "folder/sub");

  /* A descriptor of a folder that was renamed since leads to its new name. */
  CHECK(rename("folder", "moved") == 0);
  CHECK(openat(folder, "late", O_WRONLY | O_CREAT, 0644) >= 0);
  expect("WRITE:", "moved/late");
  expect("NEVER", "folder/late");
  return 0;
}
