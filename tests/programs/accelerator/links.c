/* Files in whose place a link comes, in each way that there is: what the link leads to is read. The
 * ways are gone by another process, too, and what was read before is read again by each. */
#include "looks.h"

#include <stdbool.h>

static void read_file(const char *name) {
  char text[8];
  int fd = open(name, O_RDONLY);
  CHECK(fd >= 0 && read(fd, text, sizeof text) > 0 && close(fd) == 0);
}

/* So that it is known to be a file. */
static void read_often(const char *name) {
  for (int i = 0; i < 3; i++)
    read_file(name);
}

static void by_removal(const char *name, const char *target) {
  CHECK(unlink(name) == 0 && symlink(target, name) == 0);
}

static void by_renaming(const char *name, const char *target) {
  CHECK(symlink(target, "link") == 0 && rename("link", name) == 0);
}

static void by_exchange(const char *name, const char *target) {
  CHECK(symlink(target, "other-link") == 0);
  CHECK(renameat2(AT_FDCWD, "other-link", AT_FDCWD, name, RENAME_EXCHANGE) == 0 &&
        unlink("other-link") == 0);
}

static void of_its_folder(const char *name, const char *target) {
  char folder[64];
  (void)target;
  snprintf(folder, sizeof folder, "%.*s", (int)(strchr(name, '/') - name), name);
  CHECK(rename(folder, "moved") == 0 && symlink("targets", folder) == 0);
}

static void in_child(void act(const char *, const char *), const char *name, const char *target) {
  pid_t child = fork();
  if (child == 0) {
    read_often(name);
    act(name, target);
    read_file(name);
    _exit(0);
  }
  check_child(child, 0);
}

static void try(void act(const char *, const char *), bool by_other, const char *name,
                const char *target) {
  make_file(name);
  make_file(target);
  read_often(name);
  if (by_other)
    in_child(act, name, target);
  else
    act(name, target);
  read_file(name);
  expect("READ:EXISTED", target);
}

int main(void) {
  look_in("looks");
  CHECK(mkdir("folder", 0755) == 0 && mkdir("targets", 0755) == 0);
  try(by_removal, false, "a", "target-a");
  try(by_removal, true, "b", "target-b");
  try(by_renaming, false, "c", "target-c");
  try(by_renaming, true, "d", "target-d");
  try(by_exchange, false, "e", "target-e");
  try(by_exchange, true, "f", "target-f");
  try(of_its_folder, true, "folder/g", "targets/g");
  expect_looks("looks");
  return 0;
}
