/* Threads that are cancelled: while they wait in an open, between looks, and in the middle of
 * looks; their cleanup handlers are run. */
#include "looks.h"

#include <pthread.h>

static volatile int cleaned, looked;

static void clean(void *by) { cleaned += (int)(size_t)by; }

static void *open_fifo(void *nothing) {
  pthread_cleanup_push(clean, (void *)1);
  looked++;
  int fd = open("fifo", O_RDONLY);
  CHECK(fd < 0);
  pthread_cleanup_pop(0);
  return nothing;
}

static void look(void) {
  struct stat status;
  CHECK(stat("file", &status) == 0 && stat("missing", &status) == -1);
  looked++;
}

static void *look_and_test(void *nothing) {
  pthread_cleanup_push(clean, (void *)10);
  for (;;) {
    look();
    pthread_testcancel();
  }
  pthread_cleanup_pop(0);
  return nothing;
}

static void *look_and_die(void *nothing) {
  pthread_cleanup_push(clean, (void *)100);
  CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
  for (;;)
    look();
  pthread_cleanup_pop(0);
  return nothing;
}

static void cancel(void *(*work)(void *), int looks) {
  pthread_t thread;
  void *result;
  looked = 0;
  CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
  while (looked < looks)
    CHECK(usleep(1000) == 0);
  CHECK(usleep(looks == 1 ? 50000 : 5000) == 0); /* it waits in its open then */
  CHECK(pthread_cancel(thread) == 0);
  CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

int main(void) {
  CHECK(mkfifo("fifo", 0644) == 0);
  make_file("file");
  look_in("looks");
  cancel(open_fifo, 1);
  cancel(look_and_test, 50);
  for (int i = 0; i < 10; i++)
    cancel(look_and_die, 50);
  fprintf(stderr, "cleaned: %d\n", cleaned);
  look_in("after");
  expect_looks("looks");
  expect_looks("after");
  expect("STAT:EXISTED", "file");
  expect("ABSENT", "missing");
  return 0;
}
