/* Processes that are forked when their parent has looked often look often, too. */
#include "looks.h"

static void in_child(const char *folder, const char *grandchilds) {
  pid_t child = fork();
  if (child == 0) {
    if (grandchilds != NULL)
      in_child(grandchilds, NULL);
    look_in(folder);
    _exit(0);
  }
  check_child(child, 0);
  expect_looks(folder);
  fflush(stdout);
}

int main(void) {
  look_in("parent");
  expect_looks("parent");
  fflush(stdout);
  in_child("child", NULL);
  in_child("second", "grandchild");
  look_in("parent");
  return 0;
}
