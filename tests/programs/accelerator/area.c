/* Memory that the program has itself where a tracer might put its own, and memory that others run
 * code from, too. */
#include "looks.h"

#include "../../../native/accelerator/layout.h"

#include <sys/mman.h>

static const uint64_t places[] = {GATE, COMMON, PRIVATE, LOG, AREA + AREA_SIZE - 4096};

/* A process that has something at PLACE keeps it. */
static void keep(size_t place) {
  char folder[16];
  snprintf(folder, sizeof folder, "place%zu", place);
  char *mapped = mmap((void *)places[place], 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  CHECK(mapped == (void *)places[place]);
  *mapped = 7;
  look_in(folder);
  CHECK(*mapped == 7);
  *mapped = 8;
  expect_looks(folder);
  fflush(stdout);
}

int main(void) {
  for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
    pid_t child = fork();
    if (child == 0) {
      keep(place);
      _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
  }
  look_in("looks");
  CHECK(mprotect((void *)AREA, CODE_SIZE, PROT_READ | PROT_WRITE) == -1);
  CHECK(mprotect((void *)COMMON, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == -1);
  look_in("after");
  expect_looks("looks");
  expect_looks("after");
  return 0;
}
