/* What a process does to become accelerated: it is put for the moment where the process has stopped
 * (inject.c), and runs there. Where the process is a copy of one that is, it is there already. */
#include "inside.h"
#include "stub.h"

#include <linux/mman.h>
#include <stdbool.h>
#include <sys/mman.h>

#define IN_BOOTSTRAP __attribute__((section("rpz_bootstrap_code"), used, visibility("hidden")))

/* AGAIN: it was done already in a process that this one is a child of, up to what is its own. */
IN_BOOTSTRAP void rpz_bootstrap(uint64_t again);

INSIDE long map(uint64_t address, uint64_t size, int access, int flags, long fd) {
  return call(__NR_mmap, (long)address, (long)size, access, flags, fd, 0);
}

/* What the tracer shares, and gives for a call with the path WHAT. */
INSIDE bool map_shared(uint64_t what, uint64_t address, uint64_t size, int access) {
  long fd = call(__NR_access, (long)what, 0, 0, 0, 0, 0);
  if (fd < 0)
    return false;
  long mapped = map(address, size, access, MAP_SHARED | MAP_FIXED, fd);
  call(__NR_close, fd, 0, 0, 0, 0, 0);
  return mapped == (long)address;
}

enum { NOWHERE = MAP_PRIVATE | MAP_ANONYMOUS };

/* False: something is there, which is none of our business. */
INSIDE bool reserve_area(void) {
  return map(AREA, AREA_SIZE, PROT_NONE, NOWHERE | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1) ==
         (long)AREA;
}

INSIDE bool map_code(void) {
  return map_shared(ASK_FOR_CODE, AREA, CODE_SIZE, PROT_READ | PROT_EXEC);
}

INSIDE bool map_own(void) {
  return map_shared(ASK_FOR_LOG, LOG, LOG_SIZE, PROT_READ | PROT_WRITE) &&
         map(PRIVATE, PRIVATE_SIZE, PROT_READ | PROT_WRITE, NOWHERE | MAP_FIXED, -1) ==
             (long)PRIVATE &&
         call(__NR_madvise, (long)PRIVATE, (long)PRIVATE_SIZE, MADV_WIPEONFORK, 0, 0, 0) == 0;
}

/* The page that the redirected places jump to, which is near them. */
INSIDE long map_steps(bool again) {
  return again ? 0 : map(0, 4096, PROT_READ | PROT_EXEC, NOWHERE, -1);
}

void rpz_bootstrap(uint64_t again) {
  long steps = -1;
  if (again || reserve_area()) {
    if ((again || map_code()) && map_own())
      steps = map_steps(again != 0);
    if (steps < 0 && !again)
      call(__NR_munmap, (long)AREA, (long)AREA_SIZE, 0, 0, 0, 0);
    if (steps >= 0)
      own()->live = 1;
  }
  call(__NR_chdir, (long)TELL_OF_AREA, steps, 0, 0, 0, 0);
  __builtin_trap(); /* the tracer puts us back where we came from */
}
