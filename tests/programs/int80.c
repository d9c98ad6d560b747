/* A 64-bit program that makes calls of the 32-bit ABI (x86 only). */
#include "check.h"

#include <sys/mman.h>

enum { OPEN = 5 }; /* <asm/unistd_32.h> */

int main(void) {
  make_file("file");
  char *path =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  CHECK(path != MAP_FAILED);
  strcpy(path, "file");
  long fd = OPEN;
  __asm__ volatile("int $0x80" : "+a"(fd) : "b"(path), "c"(O_RDONLY), "d"(0) : "memory");
  CHECK(fd >= 0);
  expect("READ:EXISTED", "file");
  return 0;
}
