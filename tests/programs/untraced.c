/* Tasks that ask not to be traced, by clone and clone3: they run, and are seen as others are. */
#include "check.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

static int make_own(void *path) {
  make_file(path);
  struct stat status;
  CHECK(stat(path, &status) == 0);
  return 3;
}

static void by_clone(void) {
  enum { SIZE = 1 << 20 };
  char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(stack != MAP_FAILED);
  check_child(clone(make_own, stack + SIZE, CLONE_UNTRACED | SIGCHLD, "clone"), 3);
  expect("WRITE:", "clone");
}

/* The arguments stay as they are for who makes the call. */
static void by_clone3(void) {
#ifdef SYS_clone3
  struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
  long child = syscall(SYS_clone3, &args, sizeof args);
  if (child < 0) {
    CHECK(errno == ENOSYS);
    return;
  }
  if (child == 0)
    _exit(make_own("clone3"));
  CHECK(args.flags == CLONE_UNTRACED);
  check_child((pid_t)child, 3);
  expect("WRITE:", "clone3");
#endif
}

int main(void) {
  by_clone();
  by_clone3();
  return 0;
}
