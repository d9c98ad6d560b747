/* Symbolic links on the way: chains, links to folders, `..`, /proc/self. */
#include "check.h"

static void see(const char *path) {
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  CHECK(close(fd) == 0);
}

static void chains(void) {
  make_file("file");
  CHECK(symlink("file", "link1") == 0);
  CHECK(symlink("./link1", "link2") == 0);
  see("link2");
  expect("READ", "file");
  printf("SYMLINK %s/link2 ./link1\nSYMLINK %s/link1 file\n", here, here);
  CHECK(symlink("loop2", "loop1") == 0 && symlink("loop1", "loop2") == 0);
  CHECK(open("loop1", O_RDONLY) == -1 && errno == ELOOP);
}

static void folders(void) {
  char absolute[2 * PATH_MAX];
  CHECK(mkdir("dir", 0755) == 0 && mkdir("dir/sub", 0755) == 0);
  make_file("dir/file");
  make_file("dir/other");
  CHECK(symlink("dir/sub", "sublink") == 0);
  see("sublink/../file"); /* `..` of what the link points to */
  expect("READ", "dir/file");
  expect("STAT:DIRECTORY|EXISTED", "dir/sub");
  snprintf(absolute, sizeof absolute, "%s/dir", here);
  CHECK(symlink(absolute, "dirlink") == 0);
  see("dirlink//./other");
  expect("READ", "dir/other");
  printf("SYMLINK %s/dirlink %s\n", here, absolute);
  see("dirlink/");
  expect("READ:DIRECTORY|EXISTED", "dir");
  make_file("dir/up");
  CHECK(symlink("../dir/up", "dir/uplink") == 0);
  see("dirlink/uplink");
  expect("READ", "dir/up");

  struct stat status;
  CHECK(lstat("dirlink/", &status) == 0 && S_ISDIR(status.st_mode));
  expect("STAT:DIRECTORY|EXISTED", "dir");
}

static void own_proc(void) {
  char path[64];
  make_file("by_fd");
  make_file("by_cwd");
  int fd = open("by_fd", O_PATH);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  see(path);
  expect("READ", "by_fd");
  see("/proc/self/cwd/by_cwd");
  expect("READ", "by_cwd");
  see("/proc/thread-self/root/dev/null");
  expect("READ", "/dev/null");
}

int main(void) {
  chains();
  folders();
  own_proc();
  fflush(stdout);
  return 0;
}
