/* Calls that change what is said of a file by its descriptor, which names no path. */
#include "check.h"

#include <sys/time.h>
#include <sys/xattr.h>

/* A descriptor of a new file, whose use so far is WRITE. */
static int fresh(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
  CHECK(fd >= 0);
  expect("WRITE:", path);
  return fd;
}

static void changes(void) {
  CHECK(fchmod(fresh("fchmod"), 0600) == 0);
  expect("STAT:EXISTED", "fchmod");
  CHECK(fchown(fresh("fchown"), getuid(), getgid()) == 0);
  expect("STAT:EXISTED", "fchown");
  CHECK(fchownat(fresh("fchownat"), "", getuid(), getgid(), AT_EMPTY_PATH) == 0);
  expect("STAT:EXISTED", "fchownat");
  CHECK(futimens(fresh("futimens"), NULL) == 0);
  expect("STAT:EXISTED", "futimens");
#ifdef SYS_futimesat
  CHECK(syscall(SYS_futimesat, fresh("futimesat"), NULL, NULL) == 0);
  expect("STAT:EXISTED", "futimesat");
#endif
}

static void attributes(void) {
  int fd = fresh("fsetxattr"), other = fresh("fremovexattr");
  if (fsetxattr(fd, "user.rpz", "1", 1, 0) != 0) {
    CHECK(errno == ENOTSUP);
    return;
  }
  CHECK(fsetxattr(other, "user.rpz", "1", 1, 0) == 0);
  expect("STAT:EXISTED", "fsetxattr");
  CHECK(fremovexattr(other, "user.rpz") == 0);
  expect("STAT:EXISTED", "fremovexattr");
}

static void folders(void) {
  CHECK(mkdir("folder", 0755) == 0);
  CHECK(fchmod(open("folder", O_RDONLY | O_DIRECTORY), 0700) == 0);
  expect("STAT:DIRECTORY|EXISTED", "folder");
}

/* A link that is held with O_PATH is changed itself. */
static void link_itself(void) {
  CHECK(symlink("target", "link") == 0);
  int fd = open("link", O_PATH | O_NOFOLLOW);
  CHECK(fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH) == 0);
  expect("STAT|LINK:EXISTED", "link");
}

/* What was removed has no name, and another file that has its name now is not meant. */
static void removed(void) {
  int fd = fresh("removed");
  CHECK(unlink("removed") == 0);
  int other = fresh("removed (deleted)");
  CHECK(fchmod(fd, 0600) == 0);
  expect("NEVER_STAT", "removed");
  expect("NEVER_STAT", "removed (deleted)");
  CHECK(close(other) == 0);
}

static void nothing(void) {
  int pair[2];
  CHECK(pipe(pair) == 0);
  CHECK(fchmod(pair[0], 0600) == 0);
  CHECK(fchmod(-1, 0600) == -1 && errno == EBADF);
  CHECK(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0) == -1 && errno == EFAULT);
}

int main(void) {
  changes();
  attributes();
  folders();
  link_itself();
  removed();
  nothing();
  return 0;
}
