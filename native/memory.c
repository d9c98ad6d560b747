#include "memory.h"

#include <string.h>
#include <sys/uio.h>

/* One system call never asks for bytes of two pages: the second may not be there, and
 * process_vm_readv(2) can't say so within one element. */
enum { PAGE = 4096 };

/* What execve(2) takes at most, pointers and both lists together, is 6 MiB whatever the limits are:
 * it will refuse more, so that we needn't hold it. */
enum { MAX_LIST = 6 << 20 };

static size_t read_some(pid_t tid, uint64_t address, void *data, size_t size) {
  size_t rest_of_page = PAGE - (size_t)(address % PAGE);
  struct iovec local = {data, size < rest_of_page ? size : rest_of_page};
  struct iovec remote = {(void *)(uintptr_t)address, local.iov_len};
  ssize_t got = process_vm_readv(tid, &local, 1, &remote, 1, 0);
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

static bool append_string(pid_t tid, uint64_t address, struct buffer *list) {
  size_t bite = 256;
  while (list->size <= MAX_LIST) {
    char *text = buffer_reserve(list, bite);
    size_t got = read_some(tid, address, text, bite);
    if (got == 0)
      return false;
    const char *end = memchr(text, '\0', got);
    if (end != NULL) {
      list->size += (size_t)(end - text) + 1;
      return true;
    }
    list->size += got;
    address += got;
    bite = PAGE;
  }
  return false;
}

bool read_list(pid_t tid, uint64_t address, size_t word, struct buffer *list) {
  if (address == 0)
    return true;
  for (size_t pointers = 0; pointers + list->size <= MAX_LIST; pointers += word, address += word) {
    uint64_t string = 0;
    if (!read_memory(tid, address, &string, word))
      return false;
    if (string == 0)
      return true;
    if (!append_string(tid, string, list))
      return false;
  }
  return false;
}
