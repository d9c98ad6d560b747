#include "libraries.h"

#include "image.h"
#include "kept.h"
#include "maps.h"

#include "../util.h"

#include <asm/unistd_64.h>
#include <elf.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What was found in a file: looked at once a run. */
struct known {
  unsigned major, minor; /* as /proc/PID/maps has them, which may differ from what stat(2) says */
  uint64_t inode;
  bool usable;
  struct site_table table;
  struct known *next;
};

static struct known *all;

/* Calls that only look at files by name; and those whose number comes from elsewhere. */
static const uint32_t numbers[] = {
    __NR_open,  __NR_stat,       __NR_lstat,     __NR_access,     __NR_readlink,   __NR_openat,
    __NR_statx, __NR_newfstatat, __NR_faccessat, __NR_readlinkat, __NR_faccessat2, ANY_NUMBER,
};

/* glibc, its loader, the libpthread of those before 2.34, musl. */
static bool is_libc(const char *path) {
  static const char *const names[] = {"libc.so.6",     "libc-2.*.so",     "ld-linux-x86-64.so.2",
                                      "ld-2.*.so",     "libpthread.so.0", "libpthread-2.*.so",
                                      "ld-musl-*.so*", "libc.musl-*.so*", "libc.so"};
  const char *slash = strrchr(path, '/');
  for (size_t i = 0; slash != NULL && i < sizeof names / sizeof names[0]; i++)
    if (fnmatch(names[i], slash + 1, 0) == 0)
      return true;
  return false;
}

/* glibc's: musl's is its libc. */
static bool is_loader(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL &&
         (strcmp(slash, "/ld-linux-x86-64.so.2") == 0 || fnmatch("/ld-2.*.so", slash, 0) == 0);
}

static void examine(int fd, const struct stat *status, struct known *known) {
  enum { LARGEST = 64 << 20 };
  if (status->st_size <= 0 || status->st_size > LARGEST)
    return;
  size_t size = (size_t)status->st_size;
  void *image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (image == MAP_FAILED)
    return;
  struct image opened;
  struct site_table *table = &known->table;
  if (image_open(&opened, image, size))
    table->build_id_size = image_build_id(&opened, table->build_id, sizeof table->build_id);
  if (!kept_read(table)) {
    struct site_table found;
    if (sites_find(image, size, numbers, sizeof numbers / sizeof numbers[0], &found))
      *table = found;
    kept_write(table);
  }
  known->usable = table->count > 0;
  munmap(image, size);
}

/* Open the file behind a mapping; its path is in the process's own name space. */
static int open_mapped(pid_t pid, const struct mapping *mapping, struct stat *status) {
  char path[PATH_MAX + 64];
  snprintf(path, sizeof path, "/proc/%d/root%s", pid, mapping->path);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0 &&
      (fstat(fd, status) != 0 || !S_ISREG(status->st_mode) || status->st_ino != mapping->inode))
    close_fd(&fd);
  return fd;
}

/* A file that was changed where it is has other bytes than its table says, which is noticed before
 * anything is redirected. */
static const struct known *known_file(pid_t pid, const struct mapping *mapping) {
  struct known *known = all;
  struct stat status;
  while (known != NULL && (known->major != mapping->major || known->minor != mapping->minor ||
                           known->inode != mapping->inode))
    known = known->next;
  if (known != NULL)
    return known;
  CLEANUP_FD int fd = open_mapped(pid, mapping, &status);
  if (fd < 0)
    return NULL;
  known = xcalloc(1, sizeof *known);
  known->major = mapping->major;
  known->minor = mapping->minor;
  known->inode = mapping->inode;
  known->next = all;
  all = known;
  examine(fd, &status, known);
  return known;
}

static void add_library(pid_t pid, const struct mapping *mapping, struct libraries *libraries) {
  if (libraries->count == MOST_LIBRARIES)
    return;
  const struct known *known = known_file(pid, mapping);
  if (known == NULL || !known->usable)
    return;
  const struct site_table *table = &known->table;
  if (mapping->offset > table->text_offset ||
      table->text_offset - mapping->offset >= mapping->end - mapping->start)
    return; /* another segment */
  uint64_t base = mapping->start + (table->text_offset - mapping->offset) - table->text;
  libraries->found[libraries->count++] = (struct library){table, base};
}

/* Where clock_gettime is in the kernel's library, which is the same in all processes. */
static uint64_t clock_offset(void) {
  static uint64_t offset;
  const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
  if (offset != 0 || image == NULL)
    return offset;
  const Elf64_Ehdr *header = (const void *)image;
  const Elf64_Phdr *program = (const void *)(image + header->e_phoff);
  const Elf64_Dyn *dynamic = NULL;
  uint64_t bias = 0;
  for (size_t i = 0; i < header->e_phnum; i++)
    if (program[i].p_type == PT_DYNAMIC)
      dynamic = (const void *)(image + program[i].p_offset);
    else if (program[i].p_type == PT_LOAD && bias == 0)
      bias = program[i].p_offset - program[i].p_vaddr;
  const Elf64_Sym *symbols = NULL;
  const char *names = NULL;
  const uint32_t *hash = NULL;
  for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
    const char *at = image + bias + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB)
      symbols = (const void *)at;
    else if (dynamic->d_tag == DT_STRTAB)
      names = at;
    else if (dynamic->d_tag == DT_HASH)
      hash = (const void *)at;
  }
  for (uint32_t i = 0; symbols != NULL && names != NULL && hash != NULL && i < hash[1]; i++)
    if (strcmp(names + symbols[i].st_name, "__vdso_clock_gettime") == 0)
      offset = symbols[i].st_value + bias;
  return offset;
}

bool libraries_of(pid_t pid, uint64_t address, struct libraries *libraries) {
  struct maps maps;
  struct mapping mapping;
  *libraries = (struct libraries){0};
  if (!maps_open(&maps, pid))
    return false;
  while (maps_next(&maps, &mapping)) {
    if (address >= mapping.start && address < mapping.end) {
      libraries->code = mapping.start;
      libraries->code_size = mapping.end - mapping.start;
      libraries->in_loader = is_loader(mapping.path);
    }
    if (strcmp(mapping.path, "[vdso]") == 0 && clock_offset() != 0)
      libraries->clock = mapping.start + clock_offset();
    else if (mapping.path[0] == '/' && is_libc(mapping.path))
      add_library(pid, &mapping, libraries);
  }
  maps_close(&maps);
  return libraries->count > 0 && libraries->code != 0;
}
