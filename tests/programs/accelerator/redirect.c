/* Redirect the calls of this program's own libc, and print how many went through each site.
 *
 * Every call is made before and after: any difference in results ends the program. The stubs are
 * no more than they have to be: what stood between, the call, a count, the jump back. */
#include "sites.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint32_t numbers[] = {
    __NR_open,       __NR_stat,       __NR_lstat,     __NR_access, __NR_readlink,   __NR_openat,
    __NR_newfstatat, __NR_readlinkat, __NR_faccessat, __NR_statx,  __NR_faccessat2, ANY_NUMBER,
};

static struct site_table table;
static uint64_t *counts; /* one for each site, behind the stubs */
static char path[4096];
static uint64_t base;

static int find_libc(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  if (!strstr(info->dlpi_name, "libc.so"))
    return 0;
  snprintf(path, sizeof path, "%s", info->dlpi_name);
  base = info->dlpi_addr;
  return 1;
}

static void read_table(void) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status))
    exit(2);
  void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (bytes == MAP_FAILED || !sites_find(bytes, (size_t)status.st_size, numbers,
                                         sizeof numbers / sizeof numbers[0], &table))
    exit(3);
  munmap(bytes, (size_t)status.st_size);
}

/* A place that a jump from the text can reach. */
static uint8_t *near_libc(void) {
  for (uint64_t page = base - (1 << 20); page > base - (UINT64_C(1) << 30); page -= 1 << 20) {
    void *at = mmap((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (at == (void *)page)
      return at;
    if (at != MAP_FAILED)
      munmap(at, 8192);
  }
  exit(4);
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t size) {
  memcpy(to, bytes, size);
  return to + size;
}

/* Something whose last four bytes count from its end. */
static uint8_t *put_relative(uint8_t *to, const char *opcode, size_t size, uint64_t target) {
  to = put(to, opcode, size);
  int32_t distance = (int32_t)(target - (uint64_t)(to + sizeof distance));
  return put(to, &distance, sizeof distance);
}

static uint8_t *put_stub(uint8_t *to, const struct site *site, uint64_t *count) {
  if (site->number != ANY_NUMBER)
    to = put(put(to, "\xb8", 1), &site->number, sizeof site->number);
  to = put(to, site->between, site->between_size);
  to = put(to, "\x0f\x05", 2);
  to = put_relative(to, "\x48\xff\x05", 3, (uint64_t)count); /* incq count(%rip) */
  return put_relative(to, "\xe9", 1, base + site->back);
}

static void redirect(void) {
  uint8_t *stubs = near_libc(), *next = stubs;
  counts = (uint64_t *)(stubs + 4096);
  if (mprotect((void *)(base + table.text), table.text_size, PROT_READ | PROT_WRITE | PROT_EXEC))
    exit(5);
  for (size_t i = 0; i < table.count; i++) {
    uint8_t *stub = next;
    next = put_stub(stub, &table.sites[i], &counts[i]);
    put_relative((uint8_t *)(base + table.sites[i].address), "\xe9", 1, (uint64_t)stub);
  }
  if (mprotect((void *)(base + table.text), table.text_size, PROT_READ | PROT_EXEC))
    exit(5);
}

/* The results of one of each call on a name, and of opening and reading its folder. */
static void use(const char *name, int folder, int64_t *to) {
  struct stat status = {0};
  struct statx extended = {0};
  char link[256] = "";
  int fd;
  *to++ = stat(name, &status), *to++ = errno, *to++ = status.st_size;
  *to++ = lstat(name, &status), *to++ = errno, *to++ = status.st_mode;
  *to++ = fstatat(folder, name, &status, 0), *to++ = errno, *to++ = status.st_nlink;
  *to++ = statx(folder, name, 0, STATX_ALL, &extended), *to++ = errno, *to++ = extended.stx_nlink;
  *to++ = access(name, R_OK), *to++ = errno;
  *to++ = faccessat(folder, name, X_OK, AT_EACCESS), *to++ = errno;
  *to++ = readlink(name, link, sizeof link), *to++ = errno, *to++ = link[0];
  *to++ = readlinkat(folder, name, link, sizeof link), *to++ = errno, *to++ = link[1];
  *to++ = fd = open(name, O_RDONLY), *to++ = errno;
  *to++ = fd < 0 ? 0 : close(fd);
  *to++ = fd = openat(folder, name, O_RDONLY | O_CREAT | O_EXCL, 0600), *to++ = errno;
  DIR *entries = opendir(name);
  *to++ = errno, *to++ = entries ? entries && readdir(entries) : 0;
  if (entries)
    closedir(entries);
}

int main(void) {
  static const char *const names[] = {"/",       "/proc/self",  "/proc/self/exe",
                                      "/absent", "/etc/passwd", ""};
  enum { COUNT = sizeof names / sizeof names[0] };
  static int64_t before[COUNT][64], after[COUNT][64];
  int folder = open("/", O_RDONLY | O_DIRECTORY);
  dl_iterate_phdr(find_libc, NULL);
  read_table();
  for (int i = 0; i < COUNT; i++)
    errno = 0, use(names[i], folder, before[i]);
  redirect();
  for (int i = 0; i < COUNT; i++)
    errno = 0, use(names[i], folder, after[i]);
  if (memcmp(before, after, sizeof before))
    return 6;
  for (size_t i = 0; i < table.count; i++)
    printf("%" PRIu32 " %" PRIu64 "\n", table.sites[i].number, counts[i]);
  return 0;
}
