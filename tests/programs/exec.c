/* execve, execveat and fexecve. */
#include "check.h"

#include <link.h>

static char *const argv[] = {"true", "argument", NULL};
static char *const environment[] = {"RPZ=1", "no equals sign", NULL};

static int print_loader(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  (void)data;
  for (size_t i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_INTERP)
      expect("READ:EXISTED",
             realpath((const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), NULL));
  return 1; /* the first one is the program */
}

int main(void) {
  const char *real = realpath("/bin/true", NULL);
  pid_t child = fork();
  if (child == 0) {
    CHECK(execve("./missing", argv, environment) == -1);
    execve("/bin/../bin/true", argv, environment);
    _exit(1);
  }
  check_child(child, 0);
  expect("EXEC", "/bin/../bin/true");
  expect("READ:EXISTED", real);
  dl_iterate_phdr(print_loader, NULL);

  int fd = open("/bin/true", O_PATH | O_CLOEXEC);
  child = fork();
  if (child == 0) {
    fexecve(fd, argv, environment);
    _exit(1);
  }
  check_child(child, 0);
  expect("EXEC", real);

  int folder = open("/bin", O_PATH | O_CLOEXEC);
  child = fork();
  if (child == 0) {
    syscall(SYS_execveat, folder, "true", argv, environment, 0);
    _exit(1);
  }
  check_child(child, 0);

  CHECK(symlink("/bin/true", "link") == 0);
  child = fork();
  if (child == 0) {
    execve("./link", argv, NULL);
    _exit(1);
  }
  check_child(child, 0);
  expect("EXEC", "./link");
  printf("SYMLINK %s/link /bin/true\n", here);
  fflush(stdout);
  return 0;
}
