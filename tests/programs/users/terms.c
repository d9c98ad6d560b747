/* Count the SIGTERMs that come within a second, and print the number. */
#include <signal.h>
#include <stdio.h>
#include <time.h>

static volatile sig_atomic_t count;

static void add(int signal) {
  (void)signal;
  count++;
}

int main(void) {
  struct timespec rest = {1, 0};
  signal(SIGTERM, add);
  puts("ready");
  fflush(stdout);
  while (nanosleep(&rest, &rest) != 0)
    ;
  printf("%d\n", (int)count);
  return 0;
}
