/* An ELF file of x86-64 in memory. Whatever is in it may be wrong or hostile. */
#ifndef RPZ_ACCELERATOR_IMAGE_H
#define RPZ_ACCELERATOR_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_SEGMENTS = 64 };

struct image {
  const uint8_t *bytes;
  size_t size;
  Elf64_Phdr segments[MAX_SEGMENTS];
  size_t count;
};

/* Read the headers. False: this isn't such a file, or more than it should be. */
bool image_open(struct image *image, const uint8_t *bytes, size_t size);

/* The SIZE bytes that the file has for ADDRESS, in one segment; NULL: it has them not. */
const uint8_t *image_at(const struct image *image, uint64_t address, uint64_t size);

/* The first segment of a type; NULL: there is none. */
const Elf64_Phdr *image_segment(const struct image *image, uint32_t type);

/* The only segment that is executable, with all of its bytes in the file; NULL: it isn't so. */
const Elf64_Phdr *image_text(const struct image *image);

/* Copy the build-id that the linker left in a note. Return its size; 0: there is none that fits. */
size_t image_build_id(const struct image *image, uint8_t *build_id, size_t capacity);

#endif
