/* Print what native/accelerator finds in an ELF file.
 *
 *     sites FILE                  the table: sites, text, build-id; exit status 1: nothing
 *     sites --lengths FILE        the address and length of each instruction of each function;
 *                                 where one isn't known, a length of 0, and the next function
 *     sites --length HEX          the length of the instruction with these bytes
 *     sites --damage FILE SEED N  look N times, each time with a few bytes changed or the end cut
 *                                 off; die of a site that isn't in the text
 */
#include "sites.h"
#include "flow.h"
#include "length.h"
#include "ranges.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static const uint32_t numbers[] = {
    __NR_open,       __NR_stat,       __NR_lstat,     __NR_access, __NR_readlink,   __NR_openat,
    __NR_newfstatat, __NR_readlinkat, __NR_faccessat, __NR_statx,  __NR_faccessat2, ANY_NUMBER,
};
enum { COUNT = sizeof numbers / sizeof numbers[0] };

static uint8_t *read_file(const char *name, size_t *size) {
  FILE *file = fopen(name, "rb");
  if (!file || fseek(file, 0, SEEK_END))
    exit(2);
  *size = (size_t)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*size + 1);
  if (!bytes || fread(bytes, 1, *size, file) != *size)
    exit(2);
  fclose(file);
  return bytes;
}

static void print_bytes(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    printf("%02x", bytes[i]);
  printf("\n");
}

static int print_table(const uint8_t *bytes, size_t size) {
  struct site_table table;
  if (!sites_find(bytes, size, numbers, COUNT, &table))
    return 1;
  for (size_t i = 0; i < table.count; i++) {
    const struct site *site = &table.sites[i];
    printf("site %" PRIx64 " %" PRIu32 " %" PRIx64 " ", site->address, site->number, site->back);
    print_bytes(site->between, site->between_size);
  }
  printf("text %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", table.text, table.text_size,
         table.text_offset);
  printf("build-id ");
  print_bytes(table.build_id, table.build_id_size);
  return 0;
}

static int print_lengths(const uint8_t *bytes, size_t size) {
  struct image image;
  struct ranges ranges;
  if (!image_open(&image, bytes, size) || !ranges_find(&image, &ranges))
    return 1;
  for (size_t i = 0; i < ranges.count; i++) {
    uint64_t begin = ranges.items[i].begin, end = ranges.items[i].end;
    const uint8_t *code = image_at(&image, begin, end - begin);
    size_t length = 1;
    for (uint64_t at = begin; at < end && length; at += length) {
      length = instruction_length(code + (at - begin), end - at);
      printf("%" PRIx64 " %zu\n", at, length);
    }
  }
  ranges_free(&ranges);
  return 0;
}

static int print_length(const char *hex) {
  size_t size = strlen(hex) / 2;
  uint8_t *bytes = malloc(size + !size); /* of its own size, so that a read beyond it is noticed */
  for (size_t i = 0; i < size; i++)
    sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
  printf("%zu\n", instruction_length(bytes, size));
  free(bytes);
  return 0;
}

static void check(const struct site_table *table) {
  for (size_t i = 0; i < table->count; i++) {
    const struct site *site = &table->sites[i];
    if (site->address < table->text || site->back > table->text + table->text_size ||
        site->back != site->address + (site->number == ANY_NUMBER ? 2 : 7) + site->between_size)
      abort();
  }
}

/* Half of the damage is done to the headers. */
static int damage(const uint8_t *bytes, size_t size, unsigned seed, unsigned count) {
  struct site_table table;
  unsigned found = 0;
  srandom(seed);
  for (unsigned i = 0; i < count; i++) {
    size_t left = random() % 4 ? size : (size_t)random() % size;
    uint8_t *copy = malloc(left + 1);
    memcpy(copy, bytes, left);
    for (long flips = left ? random() % 8 : 0; flips; flips--)
      copy[random() % 2 ? (size_t)random() % left : (size_t)random() % (left > 512 ? 512 : left)] =
          (uint8_t)random();
    uint8_t *exact = realloc(copy, left ? left : 1);
    if (sites_find(exact, left, numbers, COUNT, &table)) {
      check(&table);
      found++;
    }
    free(exact);
  }
  printf("%u\n", found);
  return 0;
}

int main(int argc, char **argv) {
  size_t size = 0;
  const char *mode = argc > 2 ? argv[1] : "";
  if (strcmp(mode, "--length") == 0)
    return print_length(argv[2]);
  uint8_t *bytes = read_file(argv[argc > 2 ? 2 : 1], &size);
  int status;
  if (strcmp(mode, "--lengths") == 0)
    status = print_lengths(bytes, size);
  else if (strcmp(mode, "--damage") == 0)
    status = damage(bytes, size, (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
  else
    status = print_table(bytes, size);
  free(bytes);
  return status;
}
