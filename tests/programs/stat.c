/* The stat and access families, readlink. */
#include "check.h"

#define RAW(...) CHECK(syscall(__VA_ARGS__) >= 0)

static struct stat status;
static struct statx extended;
static char text[PATH_MAX];

static void raw_calls(void) {
#ifdef SYS_stat
  make_file("stat");
  RAW(SYS_stat, "stat", &status);
  expect("STAT:EXISTED", "stat");
  RAW(SYS_lstat, "link", &status);
  expect("STAT|LINK:EXISTED", "link");
  make_file("access");
  RAW(SYS_access, "access", R_OK);
  expect("STAT:EXISTED", "access");
  CHECK(symlink("nowhere", "link2") == 0);
  RAW(SYS_readlink, "link2", text, sizeof text);
  expect("STAT|LINK:EXISTED", "link2");
#endif
}

int main(void) {
  make_file("file");
  CHECK(symlink("file", "link") == 0);
  raw_calls();
  CHECK(fstatat(AT_FDCWD, "link", &status, 0) == 0);
  expect("STAT:EXISTED", "file");
  CHECK(fstatat(AT_FDCWD, "link", &status, AT_SYMLINK_NOFOLLOW) == 0);
  expect("STAT|LINK:EXISTED", "link");
  printf("SYMLINK %s/link file\n", here);
  make_file("statx");
  CHECK(statx(AT_FDCWD, "statx", 0, STATX_ALL, &extended) == 0);
  expect("STAT:EXISTED", "statx");
  make_file("faccessat2");
#ifdef SYS_faccessat2
  RAW(SYS_faccessat2, AT_FDCWD, "faccessat2", R_OK, AT_EACCESS);
  expect("STAT:EXISTED", "faccessat2");
#endif
  CHECK(symlink("nowhere", "dangling") == 0);
  CHECK(readlinkat(AT_FDCWD, "dangling", text, sizeof text) == 7);
  expect("STAT|LINK:EXISTED", "dangling");
  printf("SYMLINK %s/dangling nowhere\n", here);
  CHECK(stat("dangling", &status) == -1);
  expect("NEVER", "nowhere");

  /* An empty path names nothing: neither the descriptor's file nor the working folder. */
  int fd = open("/dev/zero", O_RDONLY);
  CHECK(fd >= 0 && fstat(fd, &status) == 0);
  CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &extended) == 0);
  expect("NEVER_STAT", "/dev/zero");
  CHECK(stat(".", &status) == 0);
  expect("STAT:DIRECTORY|EXISTED", ".");
  return 0;
}
