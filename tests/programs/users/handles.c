/* Files that are opened by their handles to be changed: what they were is kept before. Run it with
 * an argument first, untraced: it makes these files. It ends with 77 where handles can't be opened.
 */
#include "../check.h"

#include <stdbool.h>

union by {
  struct file_handle handle;
  char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

static void put(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  CHECK(fd >= 0);
  CHECK(dprintf(fd, "was %s\n", path) > 0);
  CHECK(close(fd) == 0);
}

static void open_by_handle(const char *path, int mount, int flags) {
  union by by = {.handle.handle_bytes = MAX_HANDLE_SZ};
  int id;
  CHECK(name_to_handle_at(AT_FDCWD, path, &by.handle, &id, 0) == 0);
  int fd = open_by_handle_at(mount, &by.handle, flags);
  CHECK(fd >= 0);
  if ((flags & O_ACCMODE) != O_RDONLY)
    CHECK(write(fd, "new", 3) == 3);
  CHECK(close(fd) == 0);
}

static void change(const char *path, int mount, int flags, const char *use) {
  open_by_handle(path, mount, flags);
  expect(use, path);
  expect("SNAPSHOT CONTENT", path);
}

static bool can_open(void) {
  union by by = {.handle.handle_bytes = MAX_HANDLE_SZ};
  int id;
  return name_to_handle_at(AT_FDCWD, "read", &by.handle, &id, 0) == 0 &&
         open_by_handle_at(AT_FDCWD, &by.handle, O_RDONLY) >= 0;
}

int main(int argc, char **argv) {
  static const char *const names[] = {"read", "written", "emptied", "emptied2", "shared"};
  (void)argv;
  for (size_t i = 0; argc > 1 && i < sizeof names / sizeof names[0]; i++)
    put(names[i]);
  if (!can_open())
    return 77;
  if (argc > 1)
    return 0;
  int folder = open(".", O_RDONLY | O_DIRECTORY), file = open("read", O_RDONLY);
  expect("READ:EXISTED", "read");
  expect("UNCHANGED", "read");
  change("written", folder, O_WRONLY, "WRITE:EXISTED");
  change("emptied", file, O_WRONLY | O_TRUNC, "WRITE:EXISTED");
  change("emptied2", AT_FDCWD, O_RDONLY | O_TRUNC, "READ:EXISTED");
  change("shared", folder, O_RDWR | O_TRUNC, "READ|WRITE:EXISTED");
  return 0;
}
