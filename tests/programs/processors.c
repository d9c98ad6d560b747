/* On which processors a process may run is its own affair: wherever it asks, it finds what its
 * maker has, as a child that has no program of its own yet, in that child's child, in a new
 * program, and in a shell-like parent between two children. */
#include "check.h"

#include <sched.h>

enum { CHILDREN = 60, ASKS = 20 };

static cpu_set_t first;

static int is_as_before(void) {
  cpu_set_t now;
  return sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&now, &first);
}

/* The line of /proc/PID/status, of which a new program is told by its maker. */
static void read_allowed(char *list, int size) {
  FILE *status = fopen("/proc/self/status", "r");
  CHECK(status != NULL);
  while (fgets(list, size, status) != NULL && strncmp(list, "Cpus_allowed:", 13) != 0)
    ;
  CHECK(fclose(status) == 0);
}

/* A child of vfork(2) that asks, has a child that asks, or doesn't ask. */
static void run_child(char *self, int number) {
  char *plain[] = {self, "plain", NULL}, *asking[] = {self, "ask", NULL};
  pid_t child = vfork();
  if (child == 0) {
    if (number % ASKS == 1 && !is_as_before())
      _exit(2);
    if (number % ASKS == 2) {
      pid_t other = fork();
      if (other == 0)
        _exit(is_as_before() ? 0 : 3);
      int status;
      if (other < 0 || waitpid(other, &status, 0) != other || status != 0)
        _exit(4);
    }
    execv(self, number % ASKS == 3 ? asking : plain);
    _exit(5);
  }
  int status;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A new program knows by its environment what it has to find. */
static int ask(void) {
  char list[1000];
  read_allowed(list, sizeof list);
  return strcmp(list, getenv("ALLOWED")) == 0 ? 0 : 6;
}

int main(int argc, char **argv) {
  char list[1000];
  if (argc > 1)
    return strcmp(argv[1], "ask") == 0 ? ask() : 0;
  CHECK(sched_getaffinity(0, sizeof first, &first) == 0);
  for (int i = 0; i < CHILDREN; i++) {
    run_child(argv[0], i % ASKS == 3 ? 0 : i);
    CHECK(i % 7 != 0 || is_as_before());
  }
  read_allowed(list, sizeof list); /* from here on nothing is moved */
  CHECK(setenv("ALLOWED", list, 1) == 0);
  run_child(argv[0], 3);
  CHECK(is_as_before());
  struct stat status;
  CHECK(stat("/", &status) == 0);
  expect("STAT:DIRECTORY|EXISTED", "/");
  return 0;
}
