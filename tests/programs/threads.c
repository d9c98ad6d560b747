/* Threads, and a thread that is not the first and executes a program. */
#include "check.h"

#include <pthread.h>

static void *use_file(void *path) {
  make_file(path);
  return NULL;
}

static void *execute(void *program) {
  execl(program, program, "again", (char *)NULL);
  _exit(1);
}

static void *sleep_on(void *nothing) {
  for (;;)
    pause();
  return nothing;
}

int main(int argc, char **argv) {
  pthread_t thread;
  if (argc == 2) {
    make_file("executed");
    expect("WRITE:", "executed");
    return 0;
  }
  CHECK(pthread_create(&thread, NULL, use_file, "threaded") == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  expect("WRITE:", "threaded");
  expect("EXEC", argv[0]);
  CHECK(pthread_create(&thread, NULL, sleep_on, NULL) == 0);
  CHECK(pthread_create(&thread, NULL, execute, argv[0]) == 0);
  pthread_join(thread, NULL);
  return 1;
}
