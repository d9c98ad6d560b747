/* A script whose interpreter is a script. */
#include "check.h"

static void make_script(const char *path, const char *line) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  CHECK(fprintf(file, "%s\nexit 0\n", line) > 0);
  CHECK(fclose(file) == 0);
  CHECK(chmod(path, 0755) == 0);
}

int main(void) {
  make_script("script", "#! \t./middle with one argument");
  make_script("middle", "#!/bin/sh");
  pid_t child = fork();
  if (child == 0) {
    execl("./script", "script", (char *)NULL);
    _exit(1);
  }
  check_child(child, 0);
  expect("EXEC", "./script");
  expect("READ:EXISTED", "script");
  expect("READ:EXISTED", "middle");
  expect("READ:EXISTED", realpath("/bin/sh", NULL));
  return 0;
}
