/* Processes of every kind that look, each in a folder of its own (docs: tests/tracer/accelerator):
 * what a trace says of a folder's files has to be said of one process alone. */
#include "looks.h"

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>

extern char **environ;

static int look_as_task(void *folder) {
  look_in(folder);
  return 0;
}

static void after_fork(void) {
  pid_t child = fork();
  if (child == 0) {
    look_in("forked");
    child = fork();
    if (child == 0) {
      look_in("grandchild");
      _exit(4);
    }
    check_child(child, 4);
    look_in("forked/again");
    _exit(3);
  }
  look_in("parent/of-forked");
  check_child(child, 3);
}

static void after_vfork(char *self) {
  pid_t child = vfork();
  if (child == 0) {
    look_in("vforked");
    _exit(5);
  }
  check_child(child, 5);
  child = vfork();
  if (child == 0) {
    look_in("vfork-executed");
    execute_looks(self, "vfork-executed/then");
  }
  check_child(child, 0);
}

/* Parent and child look at the same time, in the same memory. */
static void after_clone(int flags, char *folder, const char *parents) {
  size_t size = 1 << 16;
  char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(stack != MAP_FAILED);
  pid_t child = clone(look_as_task, stack + size, flags | SIGCHLD, folder);
  CHECK(child > 0);
  look_in(parents);
  check_child(child, 0);
}

static void after_spawn(char *self) {
  pid_t child;
  posix_spawn_file_actions_t actions;
  char *argv[] = {self, "look", "spawned", NULL};
  CHECK(mkdir("spawned", 0755) == 0);
  make_file("spawned/opened");
  CHECK(posix_spawn_file_actions_init(&actions) == 0);
  CHECK(posix_spawn_file_actions_addopen(&actions, 9, "spawned/opened", O_RDONLY, 0) == 0);
  CHECK(posix_spawn_file_actions_adddup2(&actions, 9, 8) == 0);
  CHECK(posix_spawn_file_actions_addclose(&actions, 9) == 0);
  CHECK(posix_spawn(&child, self, &actions, NULL, argv, environ) == 0);
  check_child(child, 0);
  CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
  expect("READ:EXISTED", "spawned/opened");
}

static void after_exec(char *self) {
  pid_t child = fork();
  if (child == 0) {
    look_in("executed");
    execute_looks(self, "executed/then");
  }
  check_child(child, 0);
  child = fork();
  if (child == 0) {
    look_in("not-executed");
    execl("./missing", "missing", (char *)NULL);
    look_in("not-executed/again");
    _exit(6);
  }
  check_child(child, 6);
}

static void expect_all(const char *const *folders) {
  for (; *folders != NULL; folders++)
    expect_looks(*folders);
}

int main(int argc, char **argv) {
  if (asked_to_look(argc, argv))
    return 0;
  look_in("parent");
  after_fork();
  after_vfork(argv[0]);
  after_clone(CLONE_VM, "shares-memory", "parent/of-sharing");
  after_clone(CLONE_VM | CLONE_FILES | CLONE_FS, "shares-all", "parent/of-all-sharing");
  after_clone(CLONE_VM | CLONE_VFORK, "waited-for", "parent/of-waited-for");
  after_clone(0, "cloned", "parent/of-cloned");
  after_spawn(argv[0]);
  after_exec(argv[0]);
  look_in("parent/again");
  expect_all((const char *const[]){"parent",
                                   "forked",
                                   "grandchild",
                                   "forked/again",
                                   "parent/of-forked",
                                   "vforked",
                                   "vfork-executed",
                                   "vfork-executed/then",
                                   "shares-memory",
                                   "parent/of-sharing",
                                   "shares-all",
                                   "parent/of-all-sharing",
                                   "waited-for",
                                   "parent/of-waited-for",
                                   "cloned",
                                   "parent/of-cloned",
                                   "spawned",
                                   "executed",
                                   "executed/then",
                                   "not-executed",
                                   "not-executed/again",
                                   "parent/again",
                                   NULL});
  return 0;
}
