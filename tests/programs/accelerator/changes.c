/* Files that are looked at or read, and then changed: the trace has to have it in this order, and
 * what was in an input before. The folder `input` is from before the run. */
#include "looks.h"

static struct stat status;

static void read_file(const char *name) {
  char text[8];
  int fd = open(name, O_RDONLY);
  CHECK(fd >= 0 && read(fd, text, sizeof text) > 0 && close(fd) == 0);
}

/* The size is that of the untraced program, each time. */
static void look(const char *name) {
  int result = stat(name, &status);
  fprintf(stderr, "%s: %d, %ld\n", name, result, result == 0 ? (long)status.st_size : 0L);
}

static void overwrite(void) {
  read_file("input/overwritten");
  look("input/overwritten");
  make_file("input/overwritten");
  look("input/overwritten");
  read_file("input/overwritten");
  expect("SNAPSHOT CONTENT", "input/overwritten");
}

static void replace(void) {
  read_file("input/replaced");
  make_file("replacement");
  look("replacement");
  CHECK(rename("replacement", "input/replaced") == 0);
  look("replacement");
  look("input/replaced");
  read_file("input/replaced");
  expect("SNAPSHOT CONTENT", "input/replaced");
  expect("ABSENT", "replacement");
}

static void take_away(void) {
  read_file("input/removed");
  CHECK(unlink("input/removed") == 0);
  look("input/removed");
  make_file("input/removed");
  look("input/removed");
  expect("SNAPSHOT CONTENT", "input/removed");
  expect("ABSENT", "input/removed");
}

static void cut(void) {
  look("input/cut");
  CHECK(truncate("input/cut", 3) == 0);
  look("input/cut");
  expect("SNAPSHOT CONTENT", "input/cut");
}

static void make(void) {
  look("made");
  make_file("made");
  look("made");
  CHECK(unlink("made") == 0);
  look("made");
  CHECK(mkdir("made", 0755) == 0);
  look("made");
  CHECK(rename("made", "moved") == 0);
  look("made");
  look("moved");
  expect("ABSENT", "made");
  expect("WRITE:", "made");
}

/* Another process changes what this one has looked at, and looks at it in between. */
static void by_another(void) {
  look("others");
  pid_t child = fork();
  if (child == 0) {
    look("others");
    make_file("others");
    look("others");
    _exit(0);
  }
  check_child(child, 0);
  look("others");
  read_file("others");
  expect("ABSENT", "others");
  expect("STAT:EXISTED", "others");
}

int main(void) {
  look_in("looks");
  overwrite();
  replace();
  take_away();
  cut();
  make();
  by_another();
  look_in("after");
  expect_looks("looks");
  expect_looks("after");
  return 0;
}
