/* COUNT looks at long names, one after the other, with nothing between them that a tracer would see
 * in any case: more than a log may hold. */
#include "looks.h"

enum { LENGTH = 230 };

static void name_of(char *name, int number) {
  int length = snprintf(name, LENGTH + 1, "many/%d-", number);
  memset(name + length, 'x', (size_t)(LENGTH - length));
  name[LENGTH] = '\0';
}

int main(int argc, char **argv) {
  char name[LENGTH + 1];
  struct stat status;
  CHECK(argc == 2 && mkdir("many", 0755) == 0);
  for (int i = 0; i < atoi(argv[1]); i++) {
    name_of(name, i);
    CHECK(stat(name, &status) == -1 && errno == ENOENT);
  }
  for (int i = 0; i < atoi(argv[1]); i++) {
    name_of(name, i);
    printf("ABSENT %s/%s\n", here, name);
  }
  return 0;
}
