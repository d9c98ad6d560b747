/* The vocabulary of the tracer: failures, memory, cleanup. */
#ifndef RPZ_UTIL_H
#define RPZ_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Exit statuses of the tracer's own, as env(1) and the shell have them. */
enum { EXIT_OWN_FAILURE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* Print "rpz: MESSAGE" on standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Complain and exit with EXIT_OWN_FAILURE. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc(3) and realloc(3) that die instead of failing. */
void *xmalloc(size_t size);
void *xrealloc(void *memory, size_t size);
void *xcalloc(size_t count, size_t size);

/* Nanoseconds of CLOCK_MONOTONIC, CLOCK_REALTIME. */
uint64_t monotonic_clock(void);
uint64_t wall_clock(void);

void close_fd(int *fd);
void free_pointer(void *pointer);
#define CLEANUP_FD __attribute__((cleanup(close_fd)))
#define CLEANUP_FREE __attribute__((cleanup(free_pointer)))

/* A hash to which VALUE is added. */
static inline uint64_t hash_with(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

/* A byte string that grows. */
struct buffer {
  char *data;
  size_t size;
  size_t capacity;
};

void buffer_append(struct buffer *buffer, const void *data, size_t size);
/* Make room for SIZE more bytes and return where they go; the caller adds to buffer->size. */
char *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_free(struct buffer *buffer);

#endif
