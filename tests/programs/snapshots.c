/* Every way to change a file that was there before the run: what it was is kept before, once. Run
 * it with an argument first, untraced: it makes these files. */
#include "check.h"

#include <sys/xattr.h>

static void append(const char *path) {
  int fd = open(path, O_WRONLY | O_APPEND);
  CHECK(fd >= 0);
  CHECK(write(fd, "more\n", 5) == 5);
  CHECK(close(fd) == 0);
}

static void reopen(const char *path) {
  char again[64];
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
  CHECK(open(again, O_WRONLY) >= 0);
}

/* What the run itself has made is no input. */
static void change_own(void) {
  make_file("own");
  append("own");
  CHECK(chmod("own", 0600) == 0);
  CHECK(truncate("own", 2) == 0);
  CHECK(rename("own", "own2") == 0);
  append("own2");
  CHECK(link("own2", "own3") == 0);
  append("own3");
  make_file("own4");
  CHECK(rename("own4", "own2") == 0);
  CHECK(unlink("own2") == 0);
  CHECK(unlink("own3") == 0);
  expect("UNCHANGED", "own");
  expect("UNCHANGED", "own2");
  expect("UNCHANGED", "own3");
  expect("UNCHANGED", "own4");
}

static void change_nothing(void) {
  CHECK(close(open("read", O_RDONLY)) == 0);
  CHECK(close(open("read", O_RDONLY | O_CREAT, 0666)) == 0);
  expect("UNCHANGED", "read");
  CHECK(open("exclusive", O_WRONLY | O_CREAT | O_EXCL, 0666) == -1 && errno == EEXIST);
  expect("UNCHANGED", "exclusive");
  CHECK(rename("moved", "moved2") == 0);
  expect("UNCHANGED", "moved");
  expect("UNCHANGED", "moved2");
  CHECK(renameat2(AT_FDCWD, "swapped", AT_FDCWD, "swapped2", RENAME_EXCHANGE) == 0);
  expect("UNCHANGED", "swapped");
  expect("UNCHANGED", "swapped2");
  CHECK(open("folder", O_WRONLY) == -1 && errno == EISDIR);
  expect("UNCHANGED", "folder");
  CHECK(rmdir("folder") == 0);
}

static void expect_kept(const char *path) { expect("SNAPSHOT CONTENT", path); }

static void put(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  CHECK(fd >= 0);
  CHECK(dprintf(fd, "was %s\n", path) > 0);
  CHECK(close(fd) == 0);
}

static void change_by(const char *path, int (*change)(int fd)) {
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  CHECK(change(fd) == 0);
  expect("SNAPSHOT STATUS", path);
  append(path);
  expect_kept(path);
}

static int set_mode(int fd) { return fchmod(fd, 0600); }
static int set_owner(int fd) { return fchown(fd, getuid(), getgid()); }
static int set_times(int fd) { return futimens(fd, NULL); }
static int set_owner_of_nothing(int fd) {
  return fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH);
}

/* Where there are no attributes the call fails, as it must. */
static int set_attribute(int fd) {
  return fsetxattr(fd, "user.rpz", "1", 1, 0) == 0 ? fremovexattr(fd, "user.rpz")
                                                   : -(errno != ENOTSUP);
}

/* Descriptors that were opened for reading. */
static void change_open(void) {
  change_by("fchmod", set_mode);
  change_by("fchown", set_owner);
  change_by("futimens", set_times);
  change_by("fchownat", set_owner_of_nothing);
  change_by("fsetxattr", set_attribute);
}

/* It needs a descriptor for writing: what the file was is kept by then. */
static void shorten_open(void) {
  int fd = open("ftruncate", O_RDWR);
  CHECK(fd >= 0);
  expect_kept("ftruncate");
  CHECK(ftruncate(fd, 3) == 0);
}

static int prepare(void) {
  static const char *const names[] = {"read",      "exclusive", "moved",   "swapped",   "swapped2",
                                      "append",    "truncated", "emptied", "shortened", "reopened",
                                      "removed",   "replaced",  "renamed", "hard",      "target",
                                      "mode",      "fchmod",    "fchown",  "futimens",  "fchownat",
                                      "fsetxattr", "ftruncate"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    put(names[i]);
  CHECK(link("hard", "hard2") == 0);
  put("hard3");
  CHECK(link("hard3", "hard4") == 0);
  CHECK(symlink("target", "link") == 0);
  CHECK(mkdir("folder", 0755) == 0);
  return 0;
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1)
    return prepare();
  change_own();
  change_nothing();
  append("append");
  append("append");
  CHECK(unlink("append") == 0);
  expect_kept("append");
  make_file("truncated");
  expect_kept("truncated");
  CHECK(close(open("emptied", O_RDONLY | O_TRUNC)) == 0);
  expect_kept("emptied");
  CHECK(truncate("shortened", 3) == 0);
  expect_kept("shortened");
  reopen("reopened");
  expect_kept("reopened");
  CHECK(unlink("removed") == 0);
  expect_kept("removed");
  make_file("new");
  CHECK(rename("new", "replaced") == 0);
  expect_kept("replaced");
  CHECK(rename("renamed", "renamed2") == 0);
  append("renamed2");
  expect_kept("renamed2");
  append("hard"); /* another name of it is `hard2` */
  append("hard2");
  expect_kept("hard");
  expect("UNCHANGED", "hard2");
  append("hard3"); /* another name of it is `hard4`: the copy is also of that, which goes */
  CHECK(unlink("hard4") == 0);
  expect_kept("hard3");
  expect_kept("hard4");
  append("link"); /* leads to `target` */
  expect_kept("target");
  CHECK(chmod("mode", 0600) == 0);
  CHECK(chmod("mode", 0640) == 0);
  CHECK(chown("mode", getuid(), getgid()) == 0);
  expect("SNAPSHOT STATUS", "mode");
  append("mode");
  expect_kept("mode");
  change_open();
  shorten_open();
  return 0;
}
