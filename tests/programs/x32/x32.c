/* A 64-bit program that makes calls of the x32 ABI, and starts programs with 32-bit pointers (x86
 * only, on a kernel with CONFIG_X86_X32_ABI). */
#define __X32_SYSCALL_BIT 0x40000000
#include <asm/unistd_x32.h>
/* Before <sys/syscall.h> gives the same names the numbers of the program's own ABI. */
enum {
  OPEN = __NR_open,
  OPENAT = __NR_openat,
  CREAT = __NR_creat,
  STAT = __NR_stat,
  LSTAT = __NR_lstat,
  NEWFSTATAT = __NR_newfstatat,
  STATX = __NR_statx,
  ACCESS = __NR_access,
  READLINK = __NR_readlink,
  TRUNCATE = __NR_truncate,
  CHMOD = __NR_chmod,
  UTIMENSAT = __NR_utimensat,
  SETXATTR = __NR_setxattr,
  RENAME = __NR_rename,
  RENAMEAT2 = __NR_renameat2,
  LINK = __NR_link,
  SYMLINK = __NR_symlink,
  UNLINK = __NR_unlink,
  MKDIR = __NR_mkdir,
  RMDIR = __NR_rmdir,
  CHDIR = __NR_chdir,
  INOTIFY_ADD_WATCH = __NR_inotify_add_watch,
  IO_URING_SETUP = __NR_io_uring_setup,
  CONNECT = __NR_connect,
  BIND = __NR_bind,
  ACCEPT = __NR_accept,
  SENDTO = __NR_sendto,
  /* These have numbers of their own, above those that all ABIs share. */
  READV = __NR_readv,
  EXECVE = __NR_execve,
  EXECVEAT = __NR_execveat,
  SENDMSG = __NR_sendmsg,
  SENDMMSG = __NR_sendmmsg,
};

#include "../check.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

static char *low; /* memory that 32-bit pointers reach */

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(number)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return number;
}

static long call3(long number, long a, long b, long c) { return call(number, a, b, c, 0, 0, 0); }

static long with_path(long number, const char *path, long b, long c) {
  return call3(number, (long)strcpy(low, path), b, c);
}

static long with_two(long number, const char *old, const char *new) {
  return call3(number, (long)strcpy(low, old), (long)strcpy(low + 512, new), 0);
}

static void fresh(const char *path) {
  make_file(path);
  expect("STAT:EXISTED", path);
}

static void opens(void) {
  make_file("open");
  CHECK(with_path(OPEN, "open", O_RDONLY, 0) >= 0);
  expect("READ:EXISTED", "open");
  make_file("wide"); /* these pointers have 64 bits: the kernel takes them as they are */
  CHECK(call3(OPEN, (long)"wide", O_RDONLY, 0) >= 0);
  expect("READ:EXISTED", "wide");
  CHECK(call3(OPENAT, AT_FDCWD, (long)strcpy(low, "openat"), O_WRONLY | O_CREAT) >= 0);
  expect("WRITE:", "openat");
  CHECK(with_path(CREAT, "creat", 0600, 0) >= 0);
  expect("WRITE:", "creat");
  CHECK(with_path(OPEN, "missing", O_RDONLY, 0) == -ENOENT);
  expect("ABSENT", "missing");
  make_file("truncate");
  CHECK(with_path(TRUNCATE, "truncate", 1, 0) == 0);
  expect("WRITE:EXISTED", "truncate");
}

static void looks(void) {
  long room = (long)(low + 2048);
  fresh("stat");
  CHECK(with_path(STAT, "stat", room, 0) == 0);
  CHECK(symlink("open", "lstat") == 0);
  CHECK(with_path(LSTAT, "lstat", room, 0) == 0);
  expect("STAT|LINK:EXISTED", "lstat");
  fresh("newfstatat");
  CHECK(call3(NEWFSTATAT, AT_FDCWD, (long)strcpy(low, "newfstatat"), room) == 0);
  fresh("statx");
  CHECK(call(STATX, AT_FDCWD, (long)strcpy(low, "statx"), 0, STATX_ALL, room, 0) == 0);
  fresh("access");
  CHECK(with_path(ACCESS, "access", R_OK, 0) == 0);
  CHECK(symlink("open", "readlink") == 0);
  CHECK(with_path(READLINK, "readlink", room, 100) == 4);
  expect("STAT|LINK:EXISTED", "readlink");
}

static void changes(void) {
  fresh("chmod");
  CHECK(with_path(CHMOD, "chmod", 0600, 0) == 0);
  fresh("utimensat");
  CHECK(call3(UTIMENSAT, AT_FDCWD, (long)strcpy(low, "utimensat"), 0) == 0);
  fresh("setxattr"); /* where there are no attributes the call fails */
  call(SETXATTR, (long)strcpy(low, "setxattr"), (long)strcpy(low + 512, "user.x32"), (long)low, 1,
       0, 0);
  fresh("watched");
  CHECK(call3(INOTIFY_ADD_WATCH, inotify_init(), (long)strcpy(low, "watched"), IN_OPEN) >= 0);
}

static void names(void) {
  make_file("old");
  CHECK(with_two(RENAME, "old", "new") == 0);
  expect_two("RENAME", "old", "new");
  make_file("swapped");
  long done = call(RENAMEAT2, AT_FDCWD, (long)strcpy(low, "new"), AT_FDCWD,
                   (long)strcpy(low + 512, "swapped"), RENAME_EXCHANGE, 0);
  CHECK(done == 0);
  expect_two("EXCHANGE", "new", "swapped");
  CHECK(with_two(LINK, "new", "hard") == 0);
  expect_two("HARDLINK", "new", "hard");
  CHECK(with_two(SYMLINK, "new", "link") == 0);
  expect("WRITE|LINK:", "link");
  CHECK(with_path(UNLINK, "hard", 0, 0) == 0);
  expect("REMOVE", "hard");
  CHECK(with_path(MKDIR, "folder", 0755, 0) == 0);
  expect("WRITE:DIRECTORY", "folder");
  CHECK(with_path(RMDIR, "folder", 0, 0) == 0);
  expect("RMDIR", "folder");
}

static void vectors(void) {
  struct {
    uint32_t base, length;
  } *part = (void *)(low + 512);
  part->base = (uint32_t)(long)low;
  part->length = 4;
  long fd = with_path(OPEN, "open", O_RDONLY, 0);
  CHECK(call3(READV, fd, (long)part, 1) == 4);
  CHECK(memcmp(low, "text", 4) == 0);
}

static void ring(void) { CHECK(call3(IO_URING_SETUP, 1, (long)low, 0) == -ENOSYS); }

static void unix_socket(void) {
  struct sockaddr_un *address = (struct sockaddr_un *)low;
  long size = sizeof *address;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "socket"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(server >= 0 && client >= 0);
  CHECK(call3(BIND, server, (long)address, size) == 0);
  CHECK(listen(server, 1) == 0);
  CHECK(call3(CONNECT, client, (long)address, size) == 0);
  CHECK(call3(ACCEPT, server, 0, 0) >= 0);
  printf("BIND unix:socket\nCONNECT unix:socket\n");
}

static unsigned short server_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int server = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(bind(server, (struct sockaddr *)&address, size) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
  return address.sin_port;
}

static void expect_datagram(struct sockaddr_in *address) {
  address->sin_port = server_port();
  printf("SENDTO inet:127.0.0.1:%d\n", ntohs(address->sin_port));
}

/* struct msghdr with 32-bit pointers. */
struct message {
  uint32_t name, name_length, parts, part_count, control, control_length, flags, sent;
};

static void datagrams(void) {
  struct sockaddr_in *address = (struct sockaddr_in *)low;
  struct message *messages = (struct message *)(low + 512);
  int client = socket(AF_INET, SOCK_DGRAM, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  messages[0] = messages[1] =
      (struct message){.name = (uint32_t)(long)address, .name_length = sizeof *address};
  expect_datagram(address);
  CHECK(call(SENDTO, client, (long)low, 0, 0, (long)address, sizeof *address) == 0);
  expect_datagram(address);
  CHECK(call3(SENDMSG, client, (long)messages, 0) == 0);
  expect_datagram(address);
  CHECK(call(SENDMMSG, client, (long)messages, 2, 0, 0, 0) == 2);
}

/* Arrays of 32-bit pointers: {"x32", TEXT} and {"FROM=x32"}. */
static void put_arguments(uint32_t **argv, uint32_t **environment, const char *text) {
  uint32_t *words = (uint32_t *)(low + 1024);
  words[0] = (uint32_t)(long)strcpy(low + 1152, "x32");
  words[1] = (uint32_t)(long)strcpy(low + 1280, text);
  words[3] = (uint32_t)(long)strcpy(low + 1408, "FROM=x32");
  words[2] = words[4] = 0;
  *argv = words;
  *environment = words + 3;
}

static void start(const char *program, const char *text) {
  uint32_t *argv, *environment;
  put_arguments(&argv, &environment, text);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    call3(EXECVE, (long)strcpy(low, program), (long)argv, (long)environment);
    _exit(100);
  }
  check_child(child, 0);
  expect("EXEC", program);
}

static void start_at(const char *folder, const char *name) {
  uint32_t *argv, *environment;
  put_arguments(&argv, &environment, "execveat");
  fflush(stdout);
  int fd = open(folder, O_PATH | O_CLOEXEC);
  pid_t child = fork();
  if (child == 0) {
    call(EXECVEAT, fd, (long)strcpy(low, name), (long)argv, (long)environment, 0, 0);
    _exit(100);
  }
  check_child(child, 0);
}

/* tests/programs/bare/bare32.c, of one ABI or the other, in a folder of its own. */
static void become(const char *program, const char *folder) {
  CHECK(mkdir(folder, 0755) == 0 && chdir(folder) == 0);
  make_file("read");
  make_file("looked");
  make_file("old");
  start(program, "narrow");
  CHECK(chdir(here) == 0);
  const char *const uses[][2] = {{"READ:EXISTED", "read"},
                                 {"WRITE:", "made"},
                                 {"STAT:EXISTED", "looked"},
                                 {"ABSENT", "missing"}};
  for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
    snprintf(low, 512, "%s/%s", folder, uses[i][1]);
    expect(uses[i][0], low);
  }
  printf("RENAME %s/%s/old %s/%s/new\n", here, folder, here, folder);
}

static void folders(void) {
  CHECK(mkdir("inside", 0755) == 0);
  make_file("inside/file");
  CHECK(with_path(CHDIR, "inside", 0, 0) == 0);
  CHECK(with_path(OPEN, "file", O_RDONLY, 0) >= 0);
  expect("READ:EXISTED", "inside/file");
  CHECK(chdir(here) == 0);
}

int main(void) {
  low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  CHECK(low != MAP_FAILED);
  opens();
  looks();
  changes();
  names();
  vectors();
  ring();
  unix_socket();
  datagrams();
  folders();
  start("/bin/true", "execve");
  start_at("/bin", "true");
  become("/bin/bare-x32", "of-x32");
  become("/bin/bare-i386", "of-i386");
  return 0;
}
