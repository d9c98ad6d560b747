#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void print(const char *format, va_list arguments) {
  fputs("rpz: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

void complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print(format, arguments);
  va_end(arguments);
}

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print(format, arguments);
  va_end(arguments);
  exit(EXIT_OWN_FAILURE);
}

void *xmalloc(size_t size) { return xrealloc(NULL, size); }

void *xrealloc(void *memory, size_t size) {
  memory = realloc(memory, size);
  if (memory == NULL)
    die("The tracer is out of memory.");
  return memory;
}

void *xcalloc(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory == NULL)
    die("The tracer is out of memory.");
  return memory;
}

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t monotonic_clock(void) { return nanoseconds(CLOCK_MONOTONIC); }

uint64_t wall_clock(void) { return nanoseconds(CLOCK_REALTIME); }

void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

void free_pointer(void *pointer) { free(*(void **)pointer); }

char *buffer_reserve(struct buffer *buffer, size_t size) {
  if (buffer->size + size > buffer->capacity) {
    buffer->capacity = (buffer->size + size) * 2;
    buffer->data = xrealloc(buffer->data, buffer->capacity);
  }
  return buffer->data + buffer->size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size) {
  if (size == 0)
    return;
  memcpy(buffer_reserve(buffer, size), data, size);
  buffer->size += size;
}

void buffer_free(struct buffer *buffer) {
  free(buffer->data);
  *buffer = (struct buffer){0};
}
