/* link, linkat, symlink and symlinkat. */
#include "check.h"

static void expect_link(const char *old, const char *new) {
  expect("READ|LINK:EXISTED", old);
  expect("WRITE|LINK:", new);
  expect_two("HARDLINK", old, new);
}

int main(void) {
  make_file("file");
  CHECK(link("file", "hard") == 0);
  expect_link("file", "hard");
  CHECK(symlink("file", "soft") == 0);
  expect("WRITE|LINK:", "soft");
  CHECK(linkat(AT_FDCWD, "soft", AT_FDCWD, "to_soft", 0) == 0);
  expect_link("soft", "to_soft");
  CHECK(linkat(AT_FDCWD, "soft", AT_FDCWD, "to_file", AT_SYMLINK_FOLLOW) == 0);
  expect_link("file", "to_file");

  CHECK(mkdir("folder", 0755) == 0);
  int folder = open("folder", O_PATH);
  CHECK(symlinkat("../file", folder, "up") == 0);
  expect("WRITE|LINK:", "folder/up");
  CHECK(linkat(folder, "up", folder, "up2", 0) == 0);
  expect_link("folder/up", "folder/up2");

  /* A file that has no name yet is given one. */
  int nameless = open(".", O_TMPFILE | O_WRONLY, 0644);
  if (nameless >= 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", nameless);
    CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
    expect("WRITE|LINK:", "named");
  } else {
    CHECK(errno == EOPNOTSUPP);
  }
  CHECK(link("missing", "never") == -1);
  expect("NEVER", "never");
  return 0;
}
