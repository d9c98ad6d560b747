#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* One system call never asks for bytes of two pages: the second may not be there, and
 * process_vm_readv(2) can't say so within one element. */
enum { PAGE = 4096 };

/* What execve(2) takes at most, pointers and both lists together, is 6 MiB whatever the limits are:
 * it will refuse more, so that we needn't hold it. */
enum { MAX_LIST = 6 << 20 };

static bool by_file; /* process_vm_readv(2) is not to be had here */
static bool refused;

void memory_by_file(void) { by_file = true; }

bool memory_was_refused(void) {
  bool was = refused;
  refused = false;
  return was;
}

static int open_memory(pid_t tid, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", tid);
  return open(path, flags | O_CLOEXEC);
}

void write_word(pid_t tid, uint64_t address, uint64_t word) {
  CLEANUP_FD int fd = open_memory(tid, O_RDWR);
  if (fd >= 0 && pwrite(fd, &word, sizeof word, (off_t)address) < 0)
    return; /* it is gone */
}

static ssize_t read_by_file(pid_t tid, uint64_t address, void *data, size_t size) {
  CLEANUP_FD int fd = open_memory(tid, O_RDONLY);
  return fd < 0 ? -1 : pread(fd, data, size, (off_t)address);
}

/* Containers may forbid process_vm_readv(2), and kernels lack it; it is also refused for a process
 * that isn't dumpable, as the file is. */
static ssize_t read_at(pid_t tid, uint64_t address, void *data, size_t size) {
  struct iovec local = {data, size};
  struct iovec remote = {(void *)(uintptr_t)address, size};
  ssize_t got = by_file ? -1 : process_vm_readv(tid, &local, 1, &remote, 1, 0);
  if (got >= 0 || (!by_file && errno != ENOSYS && errno != EPERM))
    return got;
  by_file = by_file || errno == ENOSYS;
  got = read_by_file(tid, address, data, size);
  refused = refused || (got < 0 && (errno == EACCES || errno == EPERM));
  return got;
}

static size_t read_some(pid_t tid, uint64_t address, void *data, size_t size) {
  size_t rest_of_page = PAGE - (size_t)(address % PAGE);
  ssize_t got = read_at(tid, address, data, size < rest_of_page ? size : rest_of_page);
  return got > 0 ? (size_t)got : 0;
}

bool read_memory(pid_t tid, uint64_t address, void *data, size_t size) {
  while (size > 0) {
    size_t got = read_some(tid, address, data, size);
    if (got == 0)
      return false;
    address += got;
    data = (char *)data + got;
    size -= got;
  }
  return true;
}

bool read_string(pid_t tid, uint64_t address, char *text, size_t size) {
  /* Most names are short: a small first bite, the rest of the page if it wasn't enough. */
  size_t bite = 256;
  size_t have = 0;
  while (have < size) {
    size_t got =
        read_some(tid, address + have, text + have, bite < size - have ? bite : size - have);
    if (got == 0)
      return false;
    if (memchr(text + have, '\0', got) != NULL)
      return true;
    have += got;
    bite = PAGE;
  }
  return false;
}

/* The strings of a list lie close together: pages are read whole, several at once where it is known
 * which will be needed, and kept while the arguments of a call are read. */
enum { KEPT = 16 };

static struct page {
  uint64_t address;
  bool valid;
  char data[PAGE];
} pages[KEPT];

static void forget_pages(void) {
  for (size_t i = 0; i < KEPT; i++)
    pages[i].valid = false;
}

/* Pages that are to be read with one call. */
struct batch {
  size_t count;
  struct iovec local[KEPT];
  struct iovec remote[KEPT];
  struct page *pages[KEPT];
};

static struct page *page_at(uint64_t address) { return &pages[address / PAGE % KEPT]; }

static bool is_in(const struct batch *batch, const struct page *page) {
  for (size_t i = 0; i < batch->count; i++)
    if (batch->pages[i] == page)
      return true;
  return false;
}

/* Add the page of ADDRESS, unless its place is taken. */
static void add_page(struct batch *batch, uint64_t address) {
  struct page *page = page_at(address);
  if (page->valid || is_in(batch, page))
    return;
  page->address = address - address % PAGE;
  batch->local[batch->count] = (struct iovec){page->data, PAGE};
  batch->remote[batch->count] = (struct iovec){(void *)(uintptr_t)page->address, PAGE};
  batch->pages[batch->count++] = page;
}

/* What isn't there, or can't be read so, is asked for again when it is needed. */
static void read_batch(pid_t tid, const struct batch *batch) {
  if (batch->count == 0 || by_file)
    return;
  ssize_t got = process_vm_readv(tid, batch->local, batch->count, batch->remote, batch->count, 0);
  for (size_t i = 0; i < batch->count; i++)
    batch->pages[i]->valid = got >= (ssize_t)((i + 1) * PAGE);
}

void keep_memory(pid_t tid, const uint64_t *addresses, size_t count) {
  struct batch batch = {0};
  forget_pages();
  for (size_t i = 0; i < count && i < KEPT; i++)
    if (addresses[i] != 0)
      add_page(&batch, addresses[i]);
  read_batch(tid, &batch);
}

/* The bytes at ADDRESS up to the end of its page; NULL: there is none. */
static const char *bytes_at(pid_t tid, uint64_t address, size_t *size) {
  uint64_t start = address - address % PAGE;
  struct page *page = page_at(address);
  if (!page->valid || page->address != start) {
    page->address = start;
    page->valid = read_some(tid, start, page->data, PAGE) == PAGE;
  }
  *size = PAGE - (size_t)(address - start);
  return page->valid ? page->data + (address - start) : NULL;
}

static bool append_string(pid_t tid, uint64_t address, struct buffer *list) {
  while (list->size <= MAX_LIST) {
    size_t size;
    const char *text = bytes_at(tid, address, &size);
    if (text == NULL)
      return false;
    const char *end = memchr(text, '\0', size);
    if (end != NULL)
      size = (size_t)(end - text) + 1;
    buffer_append(list, text, size);
    if (end != NULL)
      return true;
    address += size;
  }
  return false;
}

bool read_kept_string(pid_t tid, uint64_t address, char *text, size_t size) {
  size_t have = 0, got;
  const char *bytes;
  while (have < size && (bytes = bytes_at(tid, address + have, &got)) != NULL) {
    got = got < size - have ? got : size - have;
    const char *end = memccpy(text + have, bytes, '\0', got);
    if (end != NULL)
      return true;
    have += got;
  }
  return false;
}

static bool read_pointer(pid_t tid, uint64_t address, size_t word, uint64_t *pointer) {
  size_t size;
  const char *bytes = bytes_at(tid, address, &size);
  *pointer = 0;
  if (bytes == NULL || size < word) /* it may lie across two pages */
    return read_memory(tid, address, pointer, word);
  memcpy(pointer, bytes, word);
  return true;
}

/* Read the pages of the strings that the kept part of an array points to. */
static void keep_strings(pid_t tid, uint64_t address, size_t word) {
  struct batch batch = {0};
  const struct page *page = page_at(address);
  if (!page->valid || page->address != address - address % PAGE)
    return;
  for (size_t at = address % PAGE; at + word <= PAGE && batch.count < KEPT; at += word) {
    uint64_t string = 0;
    memcpy(&string, page->data + at, word);
    if (string == 0)
      break;
    add_page(&batch, string);
  }
  read_batch(tid, &batch);
}

bool read_list(pid_t tid, uint64_t address, size_t word, struct buffer *list) {
  if (address == 0)
    return true;
  keep_strings(tid, address, word);
  for (size_t pointers = 0; pointers + list->size <= MAX_LIST; pointers += word, address += word) {
    uint64_t string;
    if (!read_pointer(tid, address, word, &string))
      return false;
    if (string == 0)
      return true;
    if (!append_string(tid, string, list))
      return false;
  }
  return false;
}
