/* For the memory benchmark: `memory make FOLDER PROCESSES FILES` makes the files, `memory use ...`
 * has each of many processes look at its share of them; when all have, and all still live, the
 * greatest memory that the tracer has had so far is printed, in KiB (0: nobody traces). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void each_file(long folder, long count, void (*act)(const char *path)) {
  for (long i = 0; i < count; i++) {
    char path[128];
    snprintf(path, sizeof path, "results-of-process-%ld/measurement-%ld.dat", folder, i);
    act(path);
  }
}

static void make(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (fd < 0 || close(fd) != 0)
    fail(path);
}

static void make_folder(long folder, long count) {
  char path[128];
  snprintf(path, sizeof path, "results-of-process-%ld", folder);
  if (mkdir(path, 0777) != 0)
    fail(path);
  each_file(folder, count, make);
}

static void use(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0 || close(fd) != 0)
    fail(path);
}

/* Say when the files were used, and live until everybody may end. */
static _Noreturn void use_folder(long folder, long count, int said, int wait) {
  char byte = 0;
  each_file(folder, count, use);
  if (write(said, &byte, 1) != 1 || read(wait, &byte, 1) != 0)
    fail("pipe");
  _exit(0);
}

/* The number in a line such as "VmHWM:" of a process's status. */
static long status_of(const char *process, const char *field) {
  char path[64], line[256];
  long value = 0;
  snprintf(path, sizeof path, "/proc/%s/status", process);
  FILE *file = fopen(path, "r");
  if (file == NULL)
    fail(path);
  while (fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, field, strlen(field)) == 0)
      value = strtol(line + strlen(field), NULL, 10);
  fclose(file);
  return value;
}

static void print_memory(void) {
  char tracer[32];
  long pid = status_of("self", "TracerPid:");
  snprintf(tracer, sizeof tracer, "%ld", pid);
  printf("%ld\n", pid == 0 ? 0 : status_of(tracer, "VmHWM:"));
}

static void use_all(long processes, long count) {
  int said[2], go_on[2], status;
  char byte;
  if (pipe(said) != 0 || pipe(go_on) != 0)
    fail("pipe");
  for (long i = 0; i < processes; i++) {
    pid_t pid = fork();
    if (pid < 0)
      fail("fork");
    if (pid == 0) {
      close(go_on[1]);
      use_folder(i, count, said[1], go_on[0]);
    }
  }
  close(said[1]);
  for (long i = 0; i < processes; i++)
    if (read(said[0], &byte, 1) != 1) /* 0: a process has failed, and none is left */
      fail("a process");
  print_memory();
  close(go_on[1]);
  while (wait(&status) > 0)
    if (status != 0)
      exit(1);
}

int main(int argc, char **argv) {
  if (argc != 5 || chdir(argv[2]) != 0) {
    fprintf(stderr, "usage: memory make|use FOLDER PROCESSES FILES\n");
    return 2;
  }
  long processes = strtol(argv[3], NULL, 10), count = strtol(argv[4], NULL, 10) / processes;
  if (strcmp(argv[1], "make") == 0)
    for (long i = 0; i < processes; i++)
      make_folder(i, count);
  else
    use_all(processes, count);
  return 0;
}
