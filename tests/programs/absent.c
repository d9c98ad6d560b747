/* Lookups that fail: what was not there, or the first folder on the way that was not. */
#include "check.h"

#include <sys/socket.h>
#include <sys/un.h>

static void missing(const char *path, int result) {
  CHECK(result == -1 && errno == ENOENT);
  expect("ABSENT", path);
  expect("NEVER", path);
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(client >= 0);
  strcpy(address.sun_path, path);
  int result = connect(client, (struct sockaddr *)&address, sizeof address);
  int error = errno;
  CHECK(close(client) == 0);
  errno = error;
  return result;
}

static void each_call(void) {
  struct stat status;
  char text[8];
  char *argv[] = {"x", NULL};
  missing("no-open", open("no-open", O_RDONLY));
  missing("no-openat", openat(AT_FDCWD, "no-openat", O_WRONLY | O_TRUNC));
  missing("no-stat", stat("no-stat", &status));
  missing("no-lstat", lstat("no-lstat", &status));
  missing("no-access", access("no-access", R_OK));
  missing("no-readlink", (int)readlink("no-readlink", text, sizeof text));
  missing("no-chdir", chdir("no-chdir"));
  missing("no-chmod", chmod("no-chmod", 0600));
  missing("no-truncate", truncate("no-truncate", 0));
  missing("no-unlink", unlink("no-unlink"));
  missing("no-rmdir", rmdir("no-rmdir"));
  missing("no-rename", rename("no-rename", "new"));
  missing("no-link", link("no-link", "new"));
  missing("no-exec", execv("no-exec", argv));
  missing("no-socket", connect_to("no-socket"));
  expect("NEVER", "new");
}

static void on_the_way(void) {
  struct stat status;
  missing("no-folder", open("no-folder/a/b", O_RDONLY));
  missing("no-parent", mkdir("no-parent/a", 0755));
  expect("NEVER", "no-folder/a");
  expect("NEVER", "no-parent/a");
  CHECK(symlink("no-target", "dangling") == 0);
  missing("no-target", stat("dangling", &status));
  make_file("file");
  CHECK(stat("file/below", &status) == -1 && errno == ENOTDIR);
}

/* As execvp(3) searches PATH. */
static void search(void) {
  char *argv[] = {"tool", NULL};
  CHECK(mkdir("bin", 0755) == 0);
  CHECK(setenv("PATH", "bin", 1) == 0);
  missing("bin/tool", execvp("tool", argv));
}

static void interpreter(void) {
  char *argv[] = {"script", NULL};
  int fd = open("script", O_WRONLY | O_CREAT, 0755);
  CHECK(write(fd, "#!no-interpreter\n", 17) == 17);
  CHECK(close(fd) == 0);
  missing("no-interpreter", execv("script", argv));
}

/* To make a file is no failed lookup. */
static void made(void) {
  make_file("made");
  expect("WRITE:", "made");
}

int main(void) {
  each_call();
  on_the_way();
  search();
  interpreter();
  made();
  return 0;
}
