/* fork, vfork, clone and clone3, and children of children. */
#include "check.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>

static void leave(const char *path) {
  make_file(path);
  expect("WRITE:", path);
  _exit(7);
}

static void vforked(const char *program) {
  pid_t child = vfork();
  if (child == 0) {
    execl(program, program, "executed", (char *)NULL);
    _exit(1);
  }
  check_child(child, 7);
}

/* The vfork is over when the child is, whatever it was doing. */
static void vforked_and_killed(void) {
  pid_t child = vfork();
  if (child == 0) {
    kill(getpid(), SIGKILL);
    _exit(1);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

static int release[2];

static int wait_for_release(void *nothing) {
  char byte;
  (void)nothing;
  syscall(SYS_exit, syscall(SYS_read, release[0], &byte, 1) == 1 ? 0 : 1);
  return 0;
}

/* It is over when the child's first thread ends, though another goes on, until we release it. */
static void vforked_with_a_thread(void) {
  static char stack[65536] __attribute__((aligned(16)));
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
  CHECK(pipe(release) == 0);
  pid_t child = vfork();
  if (child == 0) {
    if (clone(wait_for_release, stack + sizeof stack, flags, NULL) < 0)
      _exit(1);
    syscall(SYS_exit, 7);
  }
  CHECK(write(release[1], "", 1) == 1);
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
}

static void cloned(void) {
  pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0)
    leave("cloned");
  check_child(child, 7);
  struct clone_args args = {.exit_signal = SIGCHLD};
  child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
  if (child == 0)
    leave("cloned3");
  check_child(child, 7);
}

int main(int argc, char **argv) {
  if (argc == 2)
    leave(argv[1]);
  vforked(argv[0]);
  vforked_and_killed();
  vforked_with_a_thread();
  cloned();
  pid_t child = fork();
  if (child == 0) {
    pid_t grandchild = fork();
    if (grandchild == 0)
      leave("grandchild");
    check_child(grandchild, 7);
    leave("child");
  }
  check_child(child, 7);
  make_file("parent");
  expect("WRITE:", "parent");
  return 0;
}
