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
