/* A process whose memory only root may read, for a while. */
#include "../check.h"

#include <sys/prctl.h>

int main(void) {
  CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
  CHECK(open("hidden", O_RDONLY) >= 0);
  CHECK(open("hidden", O_RDONLY) >= 0);
  CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
  CHECK(open("shown", O_RDONLY) >= 0);
  return 0;
}
