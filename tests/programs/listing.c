/* Folders that are opened for reading. */
#include "check.h"

#include <dirent.h>

static void settle(void) { usleep(50000); /* the clock of changes ticks every 10 ms at worst */ }

static void read_folder(const char *path) {
  DIR *folder = opendir(path);
  CHECK(folder != NULL);
  while (readdir(folder) != NULL)
    ;
  CHECK(closedir(folder) == 0);
}

static void expect_listing(const char *path, const char *entries) {
  printf("LISTING %s/%s %s\n", here, path, entries);
  fflush(stdout);
}

int main(void) {
  CHECK(mkdir("folder", 0755) == 0);
  make_file("folder/b");
  make_file("folder/a");
  CHECK(mkdir("folder/sub", 0755) == 0);
  CHECK(symlink("a", "folder/link") == 0);
  CHECK(mkfifo("folder/fifo", 0644) == 0);
  read_folder("folder");
  expect_listing("folder", "dsub fa fb llink pfifo");

  settle();
  make_file("folder/later");
  read_folder("folder");
  expect_listing("folder", "dsub fa fb flater llink pfifo");

  CHECK(mkdir("empty", 0755) == 0);
  read_folder("empty");
  expect_listing("empty", "");

  CHECK(mkdir("private", 0700) == 0); /* whether it can be opened shows at the end of the call */
  make_file("private/x");
  read_folder("private");
  expect_listing("private", "fx");

  CHECK(mkdir("unread", 0755) == 0);
  CHECK(open("unread", O_PATH) >= 0);
  expect("NEVER_LISTED", "unread");
  read_folder("/proc/self");
  read_folder("/dev");
  expect("NEVER_LISTED", "/dev");
  return 0;
}
