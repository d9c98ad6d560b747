/* A 64-bit program that makes calls of the 32-bit ABI (x86 only). */
#include <asm/unistd_32.h>
/* Before <sys/syscall.h> gives the same names the numbers of the program's own ABI. */
enum {
  OPEN = __NR_open,
  STAT64 = __NR_stat64,
  LSTAT64 = __NR_lstat64,
  OLDSTAT = __NR_oldstat,
  FSTATAT64 = __NR_fstatat64,
  CHOWN32 = __NR_chown32,
  LCHOWN32 = __NR_lchown32,
  TRUNCATE64 = __NR_truncate64,
  STATFS64 = __NR_statfs64,
  UMOUNT = __NR_umount,
  FANOTIFY_MARK = __NR_fanotify_mark,
  SOCKETCALL = __NR_socketcall,
};

#include "check.h"

#include <arpa/inet.h>
#include <linux/net.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

static char *low; /* memory that 32-bit pointers reach */

static long call(long number, long a, long b, long c, long d, long e) {
  __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
  return number;
}

static long with_path(long number, const char *path, long b, long c) {
  return call(number, (long)strcpy(low, path), b, c, 0, 0);
}

static void fresh(const char *path) {
  make_file(path);
  expect("STAT:EXISTED", path);
}

static void files(void) {
  long room = (long)(low + 2048);
  make_file("file");
  CHECK(with_path(OPEN, "file", O_RDONLY, 0) >= 0);
  expect("READ:EXISTED", "file");
  fresh("stat64");
  CHECK(with_path(STAT64, "stat64", room, 0) == 0);
  CHECK(symlink("file", "lstat64") == 0);
  CHECK(with_path(LSTAT64, "lstat64", room, 0) == 0);
  expect("STAT|LINK:EXISTED", "lstat64");
  fresh("oldstat");
  with_path(OLDSTAT, "oldstat", room, 0); /* numbers may be too great for it */
  fresh("fstatat64");
  CHECK(call(FSTATAT64, AT_FDCWD, (long)strcpy(low, "fstatat64"), room, 0, 0) == 0);
  fresh("chown32");
  CHECK(with_path(CHOWN32, "chown32", getuid(), getgid()) == 0);
  fresh("lchown32");
  CHECK(with_path(LCHOWN32, "lchown32", getuid(), getgid()) == 0);
  make_file("truncate64");
  CHECK(with_path(TRUNCATE64, "truncate64", 1, 0) == 0);
  expect("WRITE:EXISTED", "truncate64");
  fresh("statfs64");
  with_path(STATFS64, "statfs64", 84, room); /* sizeof(struct statfs64) */
  fresh("umount");
  CHECK(with_path(UMOUNT, "umount", 0, 0) < 0);
  CHECK(with_path(OPEN, "missing", O_RDONLY, 0) == -ENOENT);
  expect("ABSENT", "missing");
}

/* The 64 bits of the mask take two registers. */
static void mark(void) {
  fresh("marked");
  long result = FANOTIFY_MARK;
  __asm__ volatile("push %%rbp; mov %[path], %%ebp; int $0x80; pop %%rbp"
                   : "+a"(result)
                   : "b"(-1L), "c"((long)FAN_MARK_ADD), "d"((long)FAN_OPEN), "S"(0L),
                     "D"((long)AT_FDCWD), [path] "r"((int)(long)strcpy(low, "marked"))
                   : "memory", "r8", "r9", "r10", "r11");
  CHECK(result < 0);
}

static long socketcall(int number, long a, long b, long c, long d, long e, long f) {
  unsigned *args = (unsigned *)(low + 1024);
  const long values[] = {a, b, c, d, e, f};
  for (int i = 0; i < 6; i++)
    args[i] = (unsigned)values[i];
  return call(SOCKETCALL, number, (long)args, 0, 0, 0);
}

static void unix_socket(void) {
  struct sockaddr_un *address = (struct sockaddr_un *)low;
  long size = sizeof *address;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "socket"};
  long server = socketcall(SYS_SOCKET, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0);
  long client = socketcall(SYS_SOCKET, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0);
  CHECK(server >= 0 && client >= 0);
  CHECK(socketcall(SYS_BIND, server, (long)address, size, 0, 0, 0) == 0);
  CHECK(socketcall(SYS_LISTEN, server, 1, 0, 0, 0, 0) == 0);
  CHECK(socketcall(SYS_CONNECT, client, (long)address, size, 0, 0, 0) == 0);
  CHECK(socketcall(SYS_ACCEPT, server, 0, 0, 0, 0, 0) >= 0);
  CHECK(socketcall(SYS_SEND, client, (long)low, 1, 0, 0, 0) == 1);
  expect("WRITE|SOCKET:", "socket");
  expect("WRITE|SOCKET:EXISTED", "socket");
  printf("BIND unix:socket\nCONNECT unix:socket\n");
}

/* struct msghdr of the 32-bit ABI. */
struct message {
  unsigned name, name_length, parts, part_count, control, control_length, flags, sent;
};

static unsigned short server_port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int server = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(bind(server, (struct sockaddr *)&address, size) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
  return address.sin_port;
}

static void datagrams(void) {
  struct sockaddr_in *address = (struct sockaddr_in *)low;
  struct message *messages = (struct message *)(low + 512);
  unsigned name = (unsigned)(long)address;
  int client = socket(AF_INET, SOCK_DGRAM, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  messages[0] = messages[1] = (struct message){.name = name, .name_length = sizeof *address};
  address->sin_port = server_port();
  printf("SENDTO inet:127.0.0.1:%d\n", ntohs(address->sin_port));
  CHECK(socketcall(SYS_SENDTO, client, (long)low, 0, 0, (long)address, sizeof *address) == 0);
  address->sin_port = server_port();
  printf("SENDTO inet:127.0.0.1:%d\n", ntohs(address->sin_port));
  CHECK(socketcall(SYS_SENDMSG, client, (long)messages, 0, 0, 0, 0) == 0);
  address->sin_port = server_port();
  printf("SENDTO inet:127.0.0.1:%d\n", ntohs(address->sin_port));
  CHECK(socketcall(SYS_SENDMMSG, client, (long)messages, 2, 0, 0, 0) == 2);
  fflush(stdout);
}

int main(void) {
  low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  CHECK(low != MAP_FAILED);
  files();
  mark();
  unix_socket();
  datagrams();
  return 0;
}
