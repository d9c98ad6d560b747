/* A program with 32-bit pointers (i386 or x32) that is linked with nothing: many machines have no
 * such C library. It uses files in its working folder, and then becomes the 64-bit program
 * /bin/true; its exit status is the number of the step that failed. */
#include <asm/unistd.h>

enum { READ_ONLY = 0, CREATE = 0100, WRITE_ONLY = 1, MISSING = -2 /* ENOENT */ };

static char status[128];
static const char *const argv[] = {"true", "32", (void *)0};
static const char *const environment[] = {"BITS=32", (void *)0};

#ifdef __x86_64__
enum { STAT = __NR_stat };

static int call(int number, const void *a, long b, long c) {
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return number;
}
#else
enum { STAT = __NR_stat64 };

static int call(int number, const void *a, long b, long c) {
  __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
  return number;
}
#endif

static void check(int step, int holds) {
  while (!holds)
    call(__NR_exit, (const void *)step, 0, 0);
}

void _start(void) {
  check(1, call(__NR_open, "read", READ_ONLY, 0) >= 0);
  check(2, call(__NR_open, "made", WRITE_ONLY | CREATE, 0600) >= 0);
  check(3, call(STAT, "looked", (long)status, 0) == 0);
  check(4, call(__NR_open, "missing", READ_ONLY, 0) == MISSING);
  check(5, call(__NR_rename, "old", (long)"new", 0) == 0);
  check(6, call(__NR_execve, "/bin/true", (long)argv, (long)environment) == 0);
}
