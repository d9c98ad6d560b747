/* What a program finds when it looks at itself: where libc is mapped, how and how often; what is in
 * libc's file; which descriptors it has, and how many more it may have. */
#include "looks.h"

#include <dirent.h>
#include <link.h>
#include <sys/resource.h>

enum { LIMIT = 40 };

static char libc[PATH_MAX];

/* Whether a path is that of libc or of the loader. */
static int is_libc(const char *path) {
  const char *name = strrchr(path, '/');
  return name != NULL && (strncmp(name, "/libc.", 6) == 0 || strncmp(name, "/libc-", 6) == 0 ||
                          strncmp(name, "/ld-", 4) == 0);
}

static void tell_of_maps(void) {
  char line[PATH_MAX + 100], flags[5], device[12], path[PATH_MAX];
  unsigned long offset, inode;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps) != NULL) {
    path[0] = '\0';
    CHECK(sscanf(line, "%*x-%*x %4s %lx %11s %lu %4095s", flags, &offset, device, &inode, path) >=
          4);
    if (!is_libc(path))
      continue;
    fprintf(stderr, "%s %lx %s %lu %s\n", flags, offset, device, inode, path);
    if (strstr(path, "/libc") != NULL)
      strcpy(libc, path);
  }
  CHECK(fclose(maps) == 0);
}

static void tell_of_file(void) {
  unsigned long sum = 14695981039346656037UL;
  FILE *file = fopen(libc, "r");
  CHECK(file != NULL);
  for (int byte; (byte = getc(file)) != EOF;)
    sum = (sum ^ (unsigned long)byte) * 1099511628211UL;
  CHECK(fclose(file) == 0);
  fprintf(stderr, "%s: %lx\n", libc, sum);
}

static int tell_of_library(struct dl_phdr_info *found, size_t size, void *nothing) {
  (void)size, (void)nothing;
  fprintf(stderr, "library %s, %d segments\n", found->dlpi_name, found->dlpi_phnum);
  return 0;
}

static void tell_of_descriptors(void) {
  DIR *listed = opendir("/proc/self/fd");
  CHECK(listed != NULL);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(listed)) != NULL; count++)
    ;
  CHECK(closedir(listed) == 0);
  fprintf(stderr, "%d entries in fd\n", count);
}

static void tell_of_limit(void) {
  struct rlimit limit = {LIMIT, LIMIT};
  int last = -1;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  for (int fd; (fd = open("looks/present", O_RDONLY)) >= 0;)
    last = fd;
  fprintf(stderr, "the last descriptor is %d: %d\n", last, errno);
}

/* Whoever keeps a descriptor here has none after that. */
static void close_all(void) {
  struct stat status;
  for (int fd = 3; fd < LIMIT; fd++)
    close(fd);
  CHECK(stat("looks/present", &status) == 0 && open("looks/present", O_RDONLY) == 3);
  for (int fd = 3; fd < LIMIT; fd++)
    CHECK(dup2(2, fd) == fd);
  CHECK(stat("looks/present", &status) == 0 && stat("missing", &status) == -1);
  for (int fd = 3; fd < LIMIT; fd++)
    CHECK(close(fd) == 0);
}

int main(void) {
  look_in("looks");
  tell_of_maps();
  tell_of_file();
  dl_iterate_phdr(tell_of_library, NULL);
  tell_of_descriptors();
  tell_of_limit();
  close_all();
  look_in("after");
  expect_looks("looks");
  expect_looks("after");
  return 0;
}
