/* What every program here does: it checks its own calls, and prints each use of a file that a
 * tracer has to see as a line `MODE PATH`. tests/tracer/harness.py says what else a line can be. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno));         \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

/* The folder that the program was started in. */
static char here[PATH_MAX];

__attribute__((constructor)) static void remember_folder(void) {
  CHECK(getcwd(here, sizeof here) != NULL);
}

static void print_path(const char *path) {
  if (path[0] == '/')
    printf(" %s", path);
  else if (strcmp(path, ".") == 0)
    printf(" %s", here);
  else
    printf(" %s/%s", here, path);
}

/* Print a line; a path that isn't absolute is meant from the folder where the program started. */
static inline void expect(const char *what, const char *path) {
  printf("%s", what);
  print_path(path);
  printf("\n");
  fflush(stdout);
}

static inline void expect_two(const char *what, const char *old, const char *new) {
  printf("%s", what);
  print_path(old);
  print_path(new);
  printf("\n");
  fflush(stdout);
}

static inline void make_file(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  CHECK(write(fd, "text\n", 5) == 5);
  CHECK(close(fd) == 0);
}

static inline void check_child(pid_t child, int expected) {
  int status;
  CHECK(child > 0);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == expected);
}

#endif
