/* rename, renameat and renameat2. */
#include "check.h"

static void expect_rename(const char *old, const char *new) {
  expect("READ|LINK", old);
  expect("WRITE|LINK", new);
  expect_two("RENAME", old, new);
}

int main(void) {
  make_file("a");
  CHECK(rename("a", "b") == 0);
  expect("READ|LINK:EXISTED", "a");
  expect("WRITE|LINK:", "b");
  expect_two("RENAME", "a", "b");

  make_file("c");
  CHECK(rename("b", "c") == 0);
  expect("WRITE|LINK:EXISTED", "c");
  expect_rename("b", "c");

  CHECK(mkdir("folder", 0755) == 0);
  int folder = open("folder", O_PATH);
  CHECK(renameat(AT_FDCWD, "c", folder, "d") == 0);
  expect_rename("c", "folder/d");
  CHECK(renameat2(folder, "d", AT_FDCWD, "e", RENAME_NOREPLACE) == 0);
  expect_rename("folder/d", "e");

  make_file("f");
  CHECK(renameat2(AT_FDCWD, "e", AT_FDCWD, "f", RENAME_EXCHANGE) == 0);
  expect("WRITE|LINK:EXISTED", "f");
  expect_two("EXCHANGE", "e", "f");

  /* A symbolic link is itself renamed, not what it points to. */
  CHECK(symlink("f", "link") == 0);
  CHECK(rename("link", "link2") == 0);
  expect_rename("link", "link2");

  CHECK(rename("folder", "folder2") == 0);
  expect("READ|LINK:DIRECTORY|EXISTED", "folder");
  expect_rename("folder", "folder2");
  CHECK(rename("missing", "g") == -1);
  expect("NEVER", "g");
  return 0;
}
