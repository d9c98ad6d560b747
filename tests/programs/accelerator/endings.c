/* Processes that end in the middle of looking: by signals, by their own will, in a thread. What
 * they looked at by then is in the trace. */
#include "looks.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static void *exit_all(void *nothing) {
  look_in("in-thread/second");
  _exit(7);
  return nothing;
}

static void end_in_thread(void) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, exit_all, NULL) == 0);
  for (;;)
    pause();
}

static void kill_oneself(void) { raise(SIGKILL); }
static void stop_and_die(void) { raise(SIGTERM); }
static void crash(void) { *(volatile int *)8 = 0; }
static void leave(void) { _exit(7); }
static void leave_quickly(void) { syscall(SYS_exit_group, 7); }

static const struct {
  const char *folder;
  void (*end)(void);
  int signal; /* or 0: the exit status is 7 */
} ENDINGS[] = {
    {"killed", kill_oneself, SIGKILL},
    {"terminated", stop_and_die, SIGTERM},
    {"crashed", crash, SIGSEGV},
    {"aborted", abort, SIGABRT},
    {"left", leave, 0},
    {"left-quickly", leave_quickly, 0},
    {"in-thread", end_in_thread, 0},
};

int main(void) {
  CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
  look_in("looks");
  for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
    pid_t child = fork();
    if (child == 0) {
      look_in(ENDINGS[i].folder);
      ENDINGS[i].end();
    }
    if (ENDINGS[i].signal != 0)
      check_killed(child, ENDINGS[i].signal);
    else
      check_child(child, 7);
    expect_looks(ENDINGS[i].folder);
  }
  expect_looks("in-thread/second");
  printf("KILLED 9\n");
  return 0;
}
