/* Calls that change what is said of a file, truncate, mkdir, mknod. */
#include "check.h"

#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

static void fresh(const char *path) {
  make_file(path);
  expect("STAT:EXISTED", path);
}

int main(void) {
  fresh("chmod");
  CHECK(chmod("chmod", 0600) == 0);
  fresh("chown");
  CHECK(chown("chown", getuid(), getgid()) == 0);
  CHECK(symlink("chown", "lchown") == 0);
  CHECK(lchown("lchown", getuid(), getgid()) == 0);
  expect("STAT|LINK:EXISTED", "lchown");
  fresh("fchownat");
  CHECK(fchownat(AT_FDCWD, "fchownat", getuid(), getgid(), 0) == 0);
  fresh("utime");
  CHECK(utime("utime", NULL) == 0);
  fresh("utimes");
  CHECK(utimes("utimes", NULL) == 0);
  fresh("utimensat");
  CHECK(utimensat(AT_FDCWD, "utimensat", NULL, 0) == 0);
  make_file("setxattr");
  if (setxattr("setxattr", "user.rpz", "1", 1, 0) == 0)
    expect("STAT:EXISTED", "setxattr");
  else
    CHECK(errno == ENOTSUP);

  make_file("shortened");
  CHECK(truncate("shortened", 2) == 0);
  expect("WRITE:EXISTED", "shortened");
  make_file("emptied");
  CHECK(truncate("emptied", 0) == 0);
  expect("WRITE:EXISTED", "emptied");

  CHECK(mkdir("folder", 0755) == 0);
  expect("WRITE:DIRECTORY", "folder");
  CHECK(mkdir("slash/", 0755) == 0);
  expect("WRITE:DIRECTORY", "slash");
  CHECK(mkdir("folder", 0755) == -1 && errno == EEXIST);
  CHECK(mkfifo("fifo", 0644) == 0);
  expect("WRITE:", "fifo");
  CHECK(chmod("missing", 0600) == -1);
  expect("NEVER", "missing");
  return 0;
}
