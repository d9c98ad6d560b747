/* Paths and buffers that can't be read or written are errors of the call, never signals; paths that
 * end with their page, and long ones, are as good as others. */
#include "looks.h"

#include <signal.h>
#include <sys/mman.h>

static struct stat status;

static void fail(int signal) {
  (void)signal;
  static const char SAID[] = "a signal came\n";
  CHECK(write(2, SAID, sizeof SAID - 1) > 0);
  _exit(1);
}

/* The result of each call, with a path; what is wrong may be the path alone. */
static void tell(const char *what, const char *path) {
  char text[16];
  errno = 0;
  fprintf(stderr, "%s: %d", what, stat(path, &status));
  fprintf(stderr, " %d", lstat(path, &status));
  fprintf(stderr, " %d", access(path, F_OK));
  fprintf(stderr, " %d", (int)readlink(path, text, sizeof text));
  fprintf(stderr, " %d", open(path, O_RDONLY | O_CLOEXEC) < 0 ? -1 : 0);
  fprintf(stderr, " %d", openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY) < 0 ? -1 : 0);
  fprintf(stderr, ": %d\n", errno);
}

/* "./././name", of LENGTH bytes. */
static char *long_path(size_t length, const char *name) {
  char *path = malloc(length + 1);
  size_t lead = length - strlen(name);
  CHECK(path != NULL);
  for (size_t i = 0; i < lead; i++)
    path[i] = i % 2 == 0 && i + 1 < lead ? '.' : '/';
  strcpy(path + lead, name);
  return path;
}

static void tell_of_lengths(void) {
  static const size_t LENGTHS[] = {1000, 2049, 4094, 4095, 4096, 5000, 70000};
  for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
    char *path = long_path(LENGTHS[i], "file");
    char said[32];
    snprintf(said, sizeof said, "%zu bytes", LENGTHS[i]);
    tell(said, path);
    free(path);
  }
}

/* The end of a page that nothing is mapped after. */
static char *end_of_page(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED && munmap(pages + page, page) == 0);
  return pages + page;
}

/* These are wrong before the kernel looks at the path, which then need not be one. */
static void tell_of_arguments(void) {
  char *volatile bad = (char *)8;
  char text[16];
  volatile int unknown = 0x7fffffff;
  errno = 0;
  CHECK(access(bad, unknown) == -1 && errno == EINVAL);
  CHECK(fstatat(AT_FDCWD, bad, &status, unknown) == -1 && errno == EINVAL);
  CHECK(readlinkat(AT_FDCWD, bad, text, 0) == -1);
  CHECK(readlink(bad, text, 0) == -1);
  CHECK(access("file", unknown) == -1 && errno == EINVAL);
}

#ifdef __GLIBC__ /* musl copies what it was told */
static void tell_of_buffers(char *end) {
  char text[16];
  char *volatile bad = (char *)8; /* volatile: the compiler warns of what it sees */
  volatile size_t too_much = (size_t)0 - 1;
  errno = 0;
  CHECK(stat("file", (struct stat *)8) == -1 && errno == EFAULT);
  CHECK(stat("file", (struct stat *)(end - 8)) == -1 && errno == EFAULT);
  CHECK(stat("missing", (struct stat *)8) == -1 && errno == ENOENT);
  CHECK(readlink("link", bad, 16) == -1 && errno == EFAULT);
  CHECK(readlink("link", end - 2, 16) == -1 && errno == EFAULT);
  CHECK(readlink("link", end - 4, 16) == 4 && memcmp(end - 4, "file", 4) == 0);
  CHECK(readlink("link", text, too_much) == -1 && errno == EINVAL);
  CHECK(statx(AT_FDCWD, "file", 0, STATX_SIZE, (struct statx *)8) == -1 && errno == EFAULT);
}
#endif

int main(void) {
  struct sigaction action = {.sa_handler = fail};
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
  make_file("file");
  make_file("at-end");
  CHECK(symlink("file", "link") == 0);
  look_in("looks");
  char *end = end_of_page();
  tell("nowhere", NULL);
  tell("in the first page", (char *)1);
  tell("after the page", end);
  tell("of the kernel", (char *)0xffff800000000000);
  tell("of nobody", (char *)0x8000000000000000);
  tell("the last address", (char *)-1);
  memcpy(end - 7, "at-end", 7);
  tell("ends with its page", end - 7);
  memcpy(end - 6, "at-end", 6);
  tell("ends after its page", end - 6);
#ifdef __GLIBC__
  tell_of_buffers(end);
#endif
  tell_of_arguments();
  tell_of_lengths();
  expect_looks("looks");
  expect("STAT:EXISTED", "at-end");
  expect("READ:EXISTED", "file");
  return 0;
}
