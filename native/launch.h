/* Start the command, traced and filtered from its first instruction on. */
#ifndef RPZ_LAUNCH_H
#define RPZ_LAUNCH_H

#include <sys/types.h>

struct launch {
  pid_t pid;
  int failure; /* a pipe on which the child says why it could not start the command */
};

/* Fork a child that runs ARGV (found in PATH as a shell would) in ENVIRONMENT; dies if it can't. */
struct launch launch(char *const argv[], char *const environment[]);
/* Say why the command didn't start and return the exit status for it; 0: it did start. */
int launch_failure(const struct launch *launch, const char *command);

#endif
