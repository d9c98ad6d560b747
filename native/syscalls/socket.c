/* Calls with the address of a socket: connect(2), bind(2), accept(2), sendto(2), socketcall(2). */
#include "../arch/abi.h"
#include "../memory.h"
#include "../record.h"
#include "arguments.h"

#include <errno.h>
#include <linux/net.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* is_first_time knows who was sent to by a number that no process has. */
static const uint32_t RECEIVERS = UINT32_MAX - 1;

/* Where struct msghdr has what matters, for pointers of 4 and of 8 bytes. */
struct message_layout {
  size_t name_length; /* the pointer to the name comes first */
  size_t next;        /* sizeof(struct mmsghdr) */
};

static struct message_layout layout_of(size_t word) {
  enum { NAME_LENGTH = 4, SIZE = 32, NAME_LENGTH_64 = 8, SIZE_64 = 64 };
  return word == sizeof(uint32_t) ? (struct message_layout){NAME_LENGTH, SIZE}
                                  : (struct message_layout){NAME_LENGTH_64, SIZE_64};
}

/* Read a `struct sockaddr *, socklen_t` pair of LENGTH bytes; the rest of ADDRESS becomes zero. */
static bool read_address(const struct task *task, uint64_t pointer, size_t length,
                         struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  return length <= sizeof *address && read_memory(task->tid, pointer, address, length);
}

/* The path of a UNIX socket; false: it is another one, unnamed or abstract. */
static bool unix_path(const struct task *task, uint64_t pointer, size_t length, struct file *file,
                      enum follow follow) {
  struct sockaddr_storage address;
  struct sockaddr_un name;
  if (!read_address(task, pointer, length, &address))
    return false;
  memcpy(&name, &address, sizeof name);
  if (name.sun_family != AF_UNIX || name.sun_path[0] == '\0')
    return false;
  char path[sizeof name.sun_path + 1] = {0}; /* unix(7): the NUL may be missing */
  memcpy(path, name.sun_path, sizeof name.sun_path);
  return resolve(task, AT_FDCWD, path, follow, file);
}

static uint64_t pointer_of(const struct task *task) { return task->args[1]; }

static size_t length_of(const struct task *task) { return (uint32_t)task->args[2]; }

/* A UNIX socket's path is resolved while the folder is what the call sees. */
void enter_connect(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (unix_path(task, pointer_of(task), length_of(task), &file, FOLLOW) && found(task, &file))
    expect_file(task, &file, WRITE | SOCKET, 0);
}

void enter_bind(struct task *task, const struct abi *abi) {
  (void)abi;
  struct file file;
  if (unix_path(task, pointer_of(task), length_of(task), &file, NOFOLLOW) && !file.exists)
    expect_file(task, &file, WRITE | SOCKET, 0);
}

static void leave_address(struct task *task, enum connection_kind kind) {
  struct sockaddr_storage address;
  if (!read_address(task, pointer_of(task), length_of(task), &address))
    return;
  record_events(task);
  record_connection(task->process, kind, &address, length_of(task));
}

/* FNV-1a, 64 bits (draft-eastlake-fnv). */
static uint64_t hash_of(const void *data, size_t length) {
  const unsigned char *bytes = data;
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
  return hash;
}

/* The socket and where it is connected to; 0: not to the internet. */
static uint64_t internet_connection(const struct task *task) {
  struct {
    uint64_t fd;
    struct sockaddr_storage address;
  } connection = {.fd = task->args[0]};
  if (!read_address(task, pointer_of(task), length_of(task), &connection.address) ||
      (connection.address.ss_family != AF_INET && connection.address.ss_family != AF_INET6))
    return 0;
  return hash_of(&connection, sizeof connection);
}

/* By a signal; the kernel may call again. Other kinds of sockets give up then. */
static bool is_interrupted(int64_t result) {
  enum { RESTART = 512 }; /* ERESTARTSYS, which only a tracer sees */
  return result == -EINTR || result == -RESTART;
}

/* The program, or the kernel for it, asks again how the connection is that a signal interrupted. */
static bool was_interrupted(struct task *task) {
  bool same = task->interrupted != 0 && task->interrupted == internet_connection(task);
  task->interrupted = 0;
  return same;
}

void leave_connect(struct task *task, int64_t result) {
  bool again = was_interrupted(task);
  if (is_interrupted(result) && (task->interrupted = internet_connection(task)) == 0)
    return;
  if (!again && (result >= 0 || result == -EINPROGRESS || task->interrupted != 0))
    leave_address(task, CONNECTED);
}

void leave_bind(struct task *task, int64_t result) {
  if (result >= 0)
    leave_address(task, BOUND);
}

/* Who called is known at the end only. */
void enter_accept(struct task *task, const struct abi *abi) {
  (void)abi;
  uint32_t room = 0; /* the result's length may be more, and the rest isn't written */
  if (task->args[1] != 0 && !read_memory(task->tid, task->args[2], &room, sizeof room))
    room = 0;
  task->args[5] = room;
}

void leave_accept(struct task *task, int64_t result) {
  struct sockaddr_storage address;
  uint32_t length = 0;
  if (result < 0)
    return;
  if (task->args[1] == 0 || !read_memory(task->tid, task->args[2], &length, sizeof length) ||
      length > task->args[5] || !read_address(task, task->args[1], length, &address))
    length = 0;
  record_connection(task->process, ACCEPTED, &address, length);
}

/* Datagrams are many: each receiver is recorded once a process. */
static void record_receiver(const struct task *task, uint64_t pointer, size_t length) {
  struct sockaddr_storage address;
  if (read_address(task, pointer, length, &address) &&
      is_first_time(RECEIVERS, task->process, hash_of(&address, sizeof address)))
    record_connection(task->process, SENT, &address, length);
}

/* It was recorded, so that nothing is to be learnt at the end of the call. */
static bool is_known_receiver(const struct task *task, uint64_t pointer, size_t length) {
  struct sockaddr_storage address;
  return read_address(task, pointer, length, &address) &&
         is_known(RECEIVERS, task->process, hash_of(&address, sizeof address));
}

/* The address is put where connect has it. */
static void send_to(struct task *task, uint64_t pointer, uint64_t length) {
  struct file file;
  task->args[1] = pointer;
  task->args[2] = length;
  bool known = is_known_receiver(task, pointer, length_of(task));
  if (known)
    task->leave = NULL;
  if (!unix_path(task, pointer, length_of(task), &file, FOLLOW) || !found(task, &file))
    return;
  if (known) /* the address: it may be another file, by another working folder */
    note_use(task, &file, WRITE | SOCKET);
  else
    expect_file(task, &file, WRITE | SOCKET, 0);
}

void enter_sendto(struct task *task, const struct abi *abi) {
  (void)abi;
  if (task->args[4] != 0)
    send_to(task, task->args[4], task->args[5]);
  else
    task->leave = NULL;
}

void leave_sendto(struct task *task, int64_t result) {
  if (result < 0)
    return;
  record_events(task);
  record_receiver(task, pointer_of(task), length_of(task));
}

/* The address in the struct msghdr at MESSAGE; false: it has none. */
static bool read_message(const struct task *task, uint64_t message, size_t word, uint64_t *name,
                         uint32_t *length) {
  *name = 0;
  return read_memory(task->tid, message, name, word) && *name != 0 &&
         read_memory(task->tid, message + layout_of(word).name_length, length, sizeof *length);
}

void enter_sendmsg(struct task *task, const struct abi *abi) {
  uint64_t name;
  uint32_t length;
  if (read_message(task, task->args[1], abi->word, &name, &length))
    send_to(task, name, length);
  else
    task->leave = NULL;
}

/* The last argument becomes the size of a pointer, which matters at the end. */
void enter_sendmmsg(struct task *task, const struct abi *abi) {
  uint64_t name;
  uint32_t length;
  struct file file;
  bool news = false;
  for (uint64_t i = 0; i < (uint32_t)task->args[2] && i < IOV_MAX; i++) {
    uint64_t message = task->args[1] + i * layout_of(abi->word).next;
    if (!read_message(task, message, abi->word, &name, &length))
      continue;
    news = news || !is_known_receiver(task, name, length);
    if (unix_path(task, name, length, &file, FOLLOW) && found(task, &file))
      note_use(task, &file, WRITE | SOCKET);
  }
  task->args[5] = abi->word;
  if (!news)
    task->leave = NULL;
}

/* The result is how many were sent. */
void leave_sendmmsg(struct task *task, int64_t result) {
  size_t word = (size_t)task->args[5];
  uint64_t name;
  uint32_t length;
  for (int64_t i = 0; i < result; i++)
    if (read_message(task, task->args[1] + (uint64_t)i * layout_of(word).next, word, &name,
                     &length))
      record_receiver(task, name, length);
}

struct socketcall {
  enter_function *enter;
  leave_function *leave;
  unsigned argument_count;
};

static const struct socketcall socketcalls[] = {
    [SYS_BIND] = {enter_bind, leave_bind, 3},
    [SYS_CONNECT] = {enter_connect, leave_connect, 3},
    [SYS_ACCEPT] = {enter_accept, leave_accept, 3},
    [SYS_SENDTO] = {enter_sendto, leave_sendto, 6},
    [SYS_SENDMSG] = {enter_sendmsg, leave_sendto, 3},
    [SYS_ACCEPT4] = {enter_accept, leave_accept, 4},
    [SYS_SENDMMSG] = {enter_sendmmsg, leave_sendmmsg, 4},
};

/* i386 has the calls above inside of one, with their arguments in memory. */
void enter_socketcall(struct task *task, const struct abi *abi) {
  uint32_t args[6];
  uint64_t number = task->args[0];
  if (number >= sizeof socketcalls / sizeof socketcalls[0] || socketcalls[number].enter == NULL)
    return;
  const struct socketcall *call = &socketcalls[number];
  if (!read_memory(task->tid, task->args[1], args, call->argument_count * sizeof args[0]))
    return;
  for (size_t i = 0; i < call->argument_count; i++)
    task->args[i] = args[i];
  task->leave = call->leave;
  call->enter(task, abi);
}
