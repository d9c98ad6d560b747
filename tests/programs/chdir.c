/* chdir and fchdir, and what relative names mean after them. */
#include "check.h"

int main(void) {
  expect("WDIR:DIRECTORY|EXISTED", ".");
  CHECK(mkdir("one", 0755) == 0 && mkdir("two", 0755) == 0);
  CHECK(symlink("two", "alias") == 0);
  int two = open("alias", O_RDONLY | O_DIRECTORY);

  CHECK(chdir("one") == 0);
  expect("WDIR:DIRECTORY|EXISTED", "one");
  make_file("file");
  expect("WRITE:", "one/file");

  CHECK(fchdir(two) == 0);
  expect("WDIR:DIRECTORY|EXISTED", "two");
  make_file("file");
  expect("WRITE:", "two/file");

  CHECK(chdir("../alias") == 0);
  make_file("file2");
  expect("WRITE:", "two/file2");
  CHECK(chdir("missing") == -1);
  expect("NEVER", "two/missing");
  return 0;
}
