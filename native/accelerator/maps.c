#include "maps.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Linux 6.11. */
#ifndef PROCMAP_QUERY
struct procmap_query {
  __u64 size;
  __u64 query_flags;
  __u64 query_addr;
  __u64 vma_start;
  __u64 vma_end;
  __u64 vma_flags;
  __u64 vma_page_size;
  __u64 vma_offset;
  __u64 inode;
  __u32 dev_major;
  __u32 dev_minor;
  __u32 vma_name_size;
  __u32 build_id_size;
  __u64 vma_name_addr;
  __u64 build_id_addr;
};
#define PROCMAP_QUERY _IOWR('f', 17, struct procmap_query)
#define PROCMAP_QUERY_VMA_EXECUTABLE 0x04
#define PROCMAP_QUERY_COVERING_OR_NEXT_VMA 0x10
#endif

bool maps_open(struct maps *maps, pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  *maps = (struct maps){.file = fopen(path, "re")};
  return maps->file != NULL;
}

void maps_close(struct maps *maps) {
  free(maps->line);
  fclose(maps->file);
}

/* Whether a line is about memory that can be executed: most aren't, and need not be parsed. */
static bool is_executable(const char *line) {
  const char *access = strchr(line, ' ');
  return access != NULL && strlen(access) > 3 && access[3] == 'x';
}

static bool parse(const char *line, struct mapping *mapping) {
  unsigned long start, end, offset, inode;
  mapping->path[0] = '\0';
  int fields = sscanf(line, "%lx-%lx %*s %lx %x:%x %lu %4095[^\n]", &start, &end, &offset,
                      &mapping->major, &mapping->minor, &inode, mapping->path);
  mapping->start = start;
  mapping->end = end;
  mapping->offset = offset;
  mapping->inode = inode;
  return fields >= 6;
}

bool maps_next_line(struct maps *maps, struct mapping *mapping) {
  while (getline(&maps->line, &maps->capacity, maps->file) > 0)
    if (is_executable(maps->line) && parse(maps->line, mapping))
      return true;
  return false;
}

static int query(struct maps *maps, struct mapping *mapping) {
  struct procmap_query asked = {.size = sizeof asked,
                                .query_flags = PROCMAP_QUERY_VMA_EXECUTABLE |
                                               PROCMAP_QUERY_COVERING_OR_NEXT_VMA,
                                .query_addr = maps->next,
                                .vma_name_addr = (uintptr_t)mapping->path,
                                .vma_name_size = sizeof mapping->path};
  if (ioctl(fileno(maps->file), PROCMAP_QUERY, &asked) != 0)
    return errno;
  if (asked.vma_name_size == 0)
    mapping->path[0] = '\0';
  mapping->start = asked.vma_start;
  mapping->end = maps->next = asked.vma_end;
  mapping->offset = asked.vma_offset;
  mapping->major = asked.dev_major;
  mapping->minor = asked.dev_minor;
  mapping->inode = asked.inode;
  return 0;
}

bool maps_next(struct maps *maps, struct mapping *mapping) {
  static bool as_text; /* the kernel knows no other way */
  int error = as_text ? ENOTTY : query(maps, mapping);
  as_text = error == ENOTTY;
  return as_text ? maps_next_line(maps, mapping) : error == 0;
}
