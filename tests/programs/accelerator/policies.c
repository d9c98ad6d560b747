/* Programs that allow themselves little: a filter that lets pass only looks and kills for anything
 * else, one that traps, one that forbids to map; no memory that may be written and executed. They
 * limit themselves after they have looked, or are started with the limits. */
#include "looks.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

static const int LOOKING[] = {
#ifdef SYS_open
    SYS_open,   SYS_stat,       SYS_lstat,      SYS_access,       SYS_readlink,   SYS_mkdir,
#endif
    SYS_openat, SYS_newfstatat, SYS_fstat,      SYS_faccessat,    SYS_readlinkat, SYS_mkdirat,
    SYS_write,  SYS_close,      SYS_exit_group, SYS_rt_sigreturn,
};
static const int MAPPING[] = {SYS_mmap, SYS_mprotect, SYS_munmap, SYS_mremap, SYS_madvise};
#define COUNT(list) (sizeof list / sizeof *list)

static void install(const int *calls, size_t count, unsigned listed, unsigned other) {
  struct sock_filter code[64];
  unsigned short size = 0;
  code[size++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                              (unsigned)offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < count; i++) {
    code[size++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
    code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
  }
  code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, other);
  struct sock_fprog program = {size, code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void kill_for_others(void) {
  install(LOOKING, COUNT(LOOKING), SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS);
}

static void trapped(int signal) {
  (void)signal;
  _exit(3);
}

static void trap_mapping(void) {
  CHECK(signal(SIGSYS, trapped) != SIG_ERR);
  install(MAPPING, COUNT(MAPPING), SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW);
}

static void forbid_mapping(void) {
  install(MAPPING, COUNT(MAPPING), SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}

/* Where the kernel knows how. */
static void forbid_written_code(void) {
  if (prctl(PR_SET_MDWE, 1, 0, 0, 0) != 0) {
    fprintf(stderr, "this kernel can't: %d\n", errno);
    return;
  }
  int both = PROT_READ | PROT_WRITE | PROT_EXEC;
  CHECK(mmap(NULL, 4096, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == -1);
}

static void gain_nothing(void) { CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0); }

static const struct {
  const char *name;
  void (*limit)(void);
  int also_started; /* a program can be started with it */
} POLICIES[] = {
    {"kill", kill_for_others, 0},  {"trap", trap_mapping, 0},
    {"forbid", forbid_mapping, 0}, {"written", forbid_written_code, 1},
    {"nothing", gain_nothing, 1},
};

/* Look, limit oneself, look; or limit oneself at once. */
static void look_with(size_t policy, int before, const char *folder) {
  char name[64];
  pid_t child = fork();
  if (child == 0) {
    snprintf(name, sizeof name, "%s/before", folder);
    CHECK(mkdir(folder, 0755) == 0);
    if (before)
      look_in(name);
    POLICIES[policy].limit();
    snprintf(name, sizeof name, "%s/limited", folder);
    look_in(name);
    _exit(0);
  }
  check_child(child, 0);
  snprintf(name, sizeof name, "%s/limited", folder);
  expect_looks(name);
}

static void start_with(size_t policy, char *self, char *folder) {
  pid_t child = fork();
  if (child == 0) {
    POLICIES[policy].limit();
    execute_looks(self, folder);
  }
  check_child(child, 0);
  expect_looks(folder);
}

int main(int argc, char **argv) {
  char name[64];
  if (asked_to_look(argc, argv))
    return 0;
  for (size_t i = 0; i < COUNT(POLICIES); i++) {
    snprintf(name, sizeof name, "%s-later", POLICIES[i].name);
    look_with(i, 1, name);
    snprintf(name, sizeof name, "%s-at-once", POLICIES[i].name);
    look_with(i, 0, name);
    snprintf(name, sizeof name, "%s-started", POLICIES[i].name);
    if (POLICIES[i].also_started)
      start_with(i, argv[0], name);
  }
  look_in("at-last");
  expect_looks("at-last");
  return 0;
}
