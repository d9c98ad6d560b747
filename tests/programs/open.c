/* open, creat, openat2 and their flags. */
#include "check.h"

#include <linux/openat2.h>
#include <stdint.h>

static void use(const char *path, int flags) {
  int fd = open(path, flags, 0644);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

static void use_openat2(const char *path, uint64_t flags) {
  struct open_how how = {.flags = flags};
  int folder = open("folder", O_RDONLY | O_DIRECTORY);
  int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
  CHECK(folder >= 0 && fd >= 0);
  CHECK(close(fd) == 0 && close(folder) == 0);
}

int main(void) {
  CHECK(creat("created", 0644) >= 0);
  expect("WRITE:", "created");
  use("new", O_RDWR | O_CREAT | O_EXCL);
  expect("WRITE:", "new");
  use("created", O_RDONLY);
  expect("READ:EXISTED", "created");
  use("created", O_RDWR);
  expect("READ|WRITE:EXISTED", "created");
  use("created", O_WRONLY | O_APPEND);
  expect("WRITE:EXISTED", "created");
  use("created", O_WRONLY | O_CREAT | O_TRUNC);
  expect("WRITE:EXISTED|TRUNCATED", "created");
  use("new", O_PATH);
  expect("STAT:EXISTED", "new");

  CHECK(open("missing", O_RDONLY) == -1 && errno == ENOENT);
  expect("NEVER", "missing");
  CHECK(open("created/below", O_RDONLY) == -1 && errno == ENOTDIR);
  expect("NEVER", "created/below");

  CHECK(mkdir("folder", 0755) == 0);
  use("folder", O_RDONLY | O_DIRECTORY);
  expect("READ:DIRECTORY|EXISTED", "folder");
  CHECK(symlink("created", "link") == 0);
  use("link", O_PATH | O_NOFOLLOW);
  expect("STAT|LINK:EXISTED", "link");
  CHECK(symlink("later", "dangling") == 0);
  use("dangling", O_WRONLY | O_CREAT);
  expect("WRITE:", "later");

  make_file("folder/inside");
  use_openat2("inside", O_RDONLY);
  expect("READ", "folder/inside");
  return 0;
}
