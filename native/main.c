/* rpz-tracer: run a command and write what it does to a record stream (docs/record-stream.md).
 *
 * It exits as the command did: with its status, or 128 + N when signal N killed it; with 125 when
 * tracing failed, 126 and 127 when the command can't be executed or doesn't exist. */
#include "util.h"

#include "accelerator/accelerator.h"
#include "call.h"
#include "front.h"
#include "launch.h"
#include "memory.h"
#include "notify.h"
#include "record.h"
#include "snapshot.h"
#include "syscalls/calls.h"
#include "task.h"
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
  const char *environment; /* a file to read the command's environment from, or NULL */
  const char *snapshots;   /* the folder for them, or NULL: none are taken */
  uint64_t snapshot_limit;
  const char *output;
  bool wait_for_all;
  char **argv;
};

static _Noreturn void usage(void) {
  fputs("usage: rpz-tracer [OPTION...] OUTPUT -- COMMAND [ARGUMENT...]\n"
        "  -a WHICH        which processes to accelerate: never, often (those that look at many\n"
        "                  files), all, check (as often, and compare)\n"
        "  -c FOLDER       where to keep what is found out of libraries, by build-id\n"
        "  -e ENVIRONMENT  a file like /proc/PID/environ, for the command's environment\n"
        "  -s SNAPSHOTS    an empty folder, for copies of the files that the command changes\n"
        "  -l LIMIT        how many bytes a file may have to be copied\n"
        "  -u              leave io_uring to the command: files that it opens so are missed\n"
        "  -w              wait for all processes of the command, also when it has ended\n"
        "  -n              do without user notification: every traced call is a stop\n"
        "  -r              do without what old kernels lack: read registers, /proc/PID/mem\n",
        stderr);
  exit(EXIT_OWN_FAILURE);
}

static uint64_t number(const char *text) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0')
    usage();
  return value;
}

static enum acceleration acceleration(const char *text) {
  static const char *const names[] = {[ACCELERATE_NEVER] = "never",
                                      [ACCELERATE_OFTEN] = "often",
                                      [ACCELERATE_ALL] = "all",
                                      [ACCELERATE_CHECK] = "check"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(text, names[i]) == 0)
      return (enum acceleration)i;
  usage();
}

static void use_old_ways(void) {
  call_by_registers();
  memory_by_file();
  notify_never();
}

static struct options parse(int argc, char **argv) {
  struct options options = {.snapshot_limit = UINT64_MAX};
  int option;
  while ((option = getopt(argc, argv, "+a:c:e:ns:l:urw")) != -1) {
    if (option == 'a')
      accelerator_choose(acceleration(optarg));
    else if (option == 'c')
      accelerator_keep_in(optarg);
    else if (option == 'e')
      options.environment = optarg;
    else if (option == 's')
      options.snapshots = optarg;
    else if (option == 'l')
      options.snapshot_limit = number(optarg);
    else if (option == 'u')
      allow_io_uring();
    else if (option == 'n')
      notify_never();
    else if (option == 'r')
      use_old_ways();
    else if (option == 'w')
      options.wait_for_all = true;
    else
      usage();
  }
  if (argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0)
    usage();
  options.output = argv[optind];
  options.argv = &argv[optind + 2];
  return options;
}

static void read_all(const char *path, struct buffer *content) {
  CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got;
  if (fd < 0)
    die("%s can't be read: %s.", path, strerror(errno));
  while ((got = read(fd, buffer_reserve(content, 65536), 65536)) > 0)
    content->size += (size_t)got;
  if (got < 0)
    die("%s can't be read: %s.", path, strerror(errno));
}

/* The entries of an environment block, each of which ends with a NUL. */
static char **split_environment(const struct buffer *block) {
  size_t count = 0;
  for (size_t i = 0; i < block->size; i++)
    count += block->data[i] == '\0';
  char **entries = xcalloc(count + 1, sizeof *entries);
  char *entry = block->data;
  for (size_t i = 0; i < count; i++) {
    entries[i] = entry;
    entry += strlen(entry) + 1;
  }
  return entries;
}

static void record_start(char **argv) {
  CLEANUP_FREE char *folder = getcwd(NULL, 0); /* of any length */
  if (folder == NULL)
    die("The working folder has no path: %s.", strerror(errno));
  mode_t mask = umask(0);
  umask(mask);
  record_run(folder, mask, argv);
}

static int exit_status(uint32_t status) {
  return (int)(status >= SIGNALLED ? 128 + (status - SIGNALLED) : status);
}

/* The command's processes that go on are let go on, behind the caller's back. */
static void leave_rest(int status) {
  if (task_count() == 0)
    return;
  front_leave(status);
  mind();
}

static int run(const struct options *options, char **environment) {
  if (options->snapshots != NULL)
    snapshots_open(options->snapshots, options->snapshot_limit);
  record_open(options->output);
  record_start(options->argv);
  accelerator_open();
  struct launch child = launch(options->argv, environment);
  uint32_t status = trace(child.pid, options->wait_for_all);
  int failure = launch_failure(&child, options->argv[0]);
  if (failure == 0) {
    record_ways(accelerator_ways());
    record_end(status);
  }
  record_close();
  if (failure == 0)
    leave_rest(exit_status(status));
  return failure != 0 ? failure : exit_status(status);
}

int main(int argc, char **argv) {
  struct options options = parse(argc, argv);
  struct buffer block = {0};
  char **environment = environ;
  if (options.environment != NULL) {
    read_all(options.environment, &block);
    environment = split_environment(&block);
  }
  if (!options.wait_for_all)
    front_begin();
  int status = run(&options, environment);
  if (options.environment != NULL)
    free(environment);
  buffer_free(&block);
  return status;
}
