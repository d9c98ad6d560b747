/* What every program here does first: it looks at so many files that a tracer which can see looks
 * from within the process has begun to. Uses of files go to the standard output, as lines of
 * ../check.h; what the program can tell of itself, which has to be the same untraced, to the
 * standard error. */
#ifndef LOOKS_H
#define LOOKS_H

#include "../check.h"

enum { LOOKS = 100 };

static inline void name_in(char *name, const char *folder, int number) {
  snprintf(name, PATH_MAX, "%s/absent%d", folder, number);
}

/* Look for LOOKS names that are absent from a folder, and at one that is there. The results alone
 * are checked: tasks that share their memory share errno. */
static inline void look_in(const char *folder) {
  char name[PATH_MAX];
  struct stat status;
  CHECK(mkdir(folder, 0755) == 0 || errno == EEXIST);
  snprintf(name, sizeof name, "%s/present", folder);
  make_file(name);
  CHECK(stat(name, &status) == 0 && status.st_size == 5);
  for (int i = 0; i < LOOKS; i++) {
    name_in(name, folder, i);
    CHECK(stat(name, &status) == -1);
  }
}

static inline void expect_looks(const char *folder) {
  char name[PATH_MAX];
  snprintf(name, sizeof name, "%s/present", folder);
  expect("STAT:EXISTED", name);
  for (int i = 0; i < LOOKS; i++) {
    name_in(name, folder, i);
    expect("ABSENT", name);
  }
}

static inline void check_killed(pid_t child, int signal) {
  int status;
  CHECK(child > 0);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

/* Look in a folder in a new program, this one, which calls itself with `look FOLDER`. */
static inline void execute_looks(char *self, char *folder) {
  execv(self, (char *[]){self, "look", folder, NULL});
  _exit(99);
}

static inline int asked_to_look(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[1], "look") != 0)
    return 0;
  look_in(argv[2]);
  return 1;
}

#endif
