/* The first process of a test machine: run every program in /programs under the tracer, print how
 * each ended and what it printed and recorded as lines `@ NAME PART HEX...`, and end. */
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 512 };

static void print_file(const char *program, const char *part, const char *path) {
  unsigned char bytes[LINE];
  size_t count;
  FILE *file = fopen(path, "r");
  while (file != NULL && (count = fread(bytes, 1, sizeof bytes, file)) > 0) {
    printf("@ %s %s ", program, part);
    for (size_t i = 0; i < count; i++)
      printf("%02x", bytes[i]);
    printf("\n");
  }
  if (file != NULL)
    fclose(file);
}

static void put_output(const char *path, int fd) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || dup2(file, fd) < 0)
    _exit(124);
  close(file);
}

/* Have a program that wants it make its files. */
static void prepare(const char *name, const char *program) {
  char wanted[300];
  snprintf(wanted, sizeof wanted, "/prepare/%s", name);
  if (access(wanted, F_OK) != 0)
    return;
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, "prepare", (char *)NULL);
    _exit(123);
  }
  waitpid(child, NULL, 0);
}

static void run(const char *name) {
  char folder[300], program[300], snapshots[300];
  snprintf(folder, sizeof folder, "/run/%s", name);
  snprintf(program, sizeof program, "/programs/%s", name);
  snprintf(snapshots, sizeof snapshots, "/run/%s.snapshots", name);
  if (mkdir(snapshots, 0755) != 0 || mkdir(folder, 0755) != 0 || chdir(folder) != 0)
    return;
  prepare(name, program);
  pid_t child = fork();
  if (child == 0) {
    put_output("/run/stdout", STDOUT_FILENO);
    put_output("/run/stderr", STDERR_FILENO);
    unlink("/run/records");
    alarm(60);
    execl("/rpz-tracer", "rpz-tracer", "-s", snapshots, "/run/records", "--", program,
          (char *)NULL);
    _exit(123);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("@ %s status %02x\n", name,
         WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  print_file(name, "stdout", "/run/stdout");
  print_file(name, "stderr", "/run/stderr");
  print_file(name, "records", "/run/records");
}

static void start_loopback(void) {
  struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
    perror("lo");
  close(fd);
}

int main(void) {
  mount("proc", "/proc", "proc", 0, NULL);
  mount("sysfs", "/sys", "sysfs", 0, NULL);
  mount("dev", "/dev", "devtmpfs", 0, NULL);
  mount("run", "/run", "tmpfs", 0, NULL);
  start_loopback();
  printf("\n"); /* after what the firmware has left on the line */
  DIR *programs = opendir("/programs");
  struct dirent *entry;
  while (programs != NULL && (entry = readdir(programs)) != NULL)
    if (entry->d_name[0] != '.')
      run(entry->d_name);
  printf("@ all done 00\n");
  fflush(stdout);
  sync();
  reboot(RB_AUTOBOOT); /* which -no-reboot makes the end; not every kernel can switch off */
  return 0;
}
