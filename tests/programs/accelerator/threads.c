/* 16 threads that look at files of their own, COUNT times each: the last of each eight names is
 * there (the test has made it), the others are not. */
#include "looks.h"

#include <pthread.h>

enum { THREADS = 16, PRESENT = 8 };

static int count;
static pthread_barrier_t all_there;

static void *look(void *argument) {
  int thread = (int)(size_t)argument;
  char name[64];
  struct stat status;
  pthread_barrier_wait(&all_there);
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "thread%d/%d", thread, i);
    if (i % PRESENT < PRESENT - 1) {
      CHECK(stat(name, &status) == -1 && errno == ENOENT);
      continue;
    }
    int fd = i % 16 < PRESENT ? open(name, O_RDONLY) : -1;
    CHECK(fd < 0 ? access(name, R_OK) == 0 : close(fd) == 0);
  }
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t threads[THREADS];
  CHECK(argc == 2);
  count = atoi(argv[1]);
  look_in("looks");
  CHECK(pthread_barrier_init(&all_there, NULL, THREADS) == 0);
  for (size_t i = 0; i < THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, look, (void *)i) == 0);
  for (size_t i = 0; i < THREADS; i++)
    CHECK(pthread_join(threads[i], NULL) == 0);
  look_in("after");
  expect_looks("looks");
  expect_looks("after");
  return 0;
}
