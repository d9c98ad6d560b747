/* The system calls in a library's machine code that can be redirected, each with its proof. */
#ifndef RPZ_ACCELERATOR_SITES_H
#define RPZ_ACCELERATOR_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not the number of a call: what a site makes whose number comes from its caller. */
static const uint32_t ANY_NUMBER = UINT32_MAX;

enum { MAX_SITES = 64, MAX_BETWEEN = 16, MAX_BUILD_ID = 32 };

struct site {
  uint64_t address;             /* of the `mov $NUMBER,%eax` */
  uint64_t back;                /* of what follows the syscall instruction */
  uint32_t number;              /* of the call, or ANY_NUMBER */
  uint8_t between[MAX_BETWEEN]; /* the instructions after the mov and before the syscall; of
                                 * ANY_NUMBER, the mov that sets %rax is the first */
  uint8_t between_size;
};

/* Addresses are those of the file, before it is relocated. */
struct site_table {
  struct site sites[MAX_SITES]; /* in the order of addresses */
  size_t count;
  uint8_t build_id[MAX_BUILD_ID];
  size_t build_id_size; /* 0: the file has none */
  uint64_t text;
  uint64_t text_size;
  uint64_t text_offset; /* in the file */
};

/* Find in a whole ELF file the places that make one of the COUNT calls in NUMBERS. With ANY_NUMBER
 * among them, find those, too, that take the number from the stack (`mov N(%rsp),%rax`).
 *
 * At each of them the 5 bytes of the mov can become a jump to a place that does `between` (with the
 * stack pointer as it was), makes the call and jumps to `back`. What is proved of a site, and what
 * is taken for granted, is in docs/accelerator.md. False: there is none, or something in the file
 * is unexpected; then all of it is left alone. */
bool sites_find(const uint8_t *image, size_t size, const uint32_t *numbers, size_t count,
                struct site_table *table);

#endif
