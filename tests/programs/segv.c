/* A child that is killed by a signal; with an argument, the program itself is. */
#include "check.h"

#include <signal.h>

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1)
    raise(SIGSEGV);
  pid_t child = fork();
  if (child == 0) {
    make_file("last_words");
    raise(SIGSEGV);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  expect("WRITE:", "last_words");
  printf("KILLED %d\n", SIGSEGV);
  return 0;
}
