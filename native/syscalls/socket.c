/* connect(2), bind(2), accept(2). */
#include "../memory.h"
#include "../record.h"
#include "arguments.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Read a `struct sockaddr *, socklen_t` pair of LENGTH bytes; the rest of ADDRESS becomes zero. */
static bool read_address(const struct task *task, uint64_t pointer, size_t length,
                         struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  return length <= sizeof *address && read_memory(task->tid, pointer, address, length);
}

/* connect and bind: a UNIX socket's path is resolved while the folder is what the call sees. */
void enter_address(struct task *task, const struct abi *abi) {
  (void)abi;
  struct sockaddr_storage address;
  struct sockaddr_un name;
  struct file file;
  if (!read_address(task, task->args[1], (size_t)(uint32_t)task->args[2], &address))
    return;
  memcpy(&name, &address, sizeof name);
  if (name.sun_family != AF_UNIX || name.sun_path[0] == '\0')
    return;
  char path[sizeof name.sun_path + 1] = {0}; /* unix(7): the NUL may be missing */
  memcpy(path, name.sun_path, sizeof name.sun_path);
  if (resolve(task, AT_FDCWD, path, FOLLOW, &file))
    expect_file(task, &file, WRITE | SOCKET, 0);
}

static void leave_address(struct task *task, enum connection_kind kind) {
  struct sockaddr_storage address;
  size_t length = (size_t)(uint32_t)task->args[2];
  if (!read_address(task, task->args[1], length, &address))
    return;
  record_events(task);
  record_connection(task->process, kind, &address, length);
}

void leave_connect(struct task *task, int64_t result) {
  if (result >= 0 || result == -EINPROGRESS)
    leave_address(task, CONNECTED);
}

void leave_bind(struct task *task, int64_t result) {
  if (result >= 0)
    leave_address(task, BOUND);
}

/* Who called is known at the end only. */
void enter_accept(struct task *task, const struct abi *abi) {
  (void)task;
  (void)abi;
}

void leave_accept(struct task *task, int64_t result) {
  struct sockaddr_storage address;
  uint32_t length = 0;
  if (result < 0)
    return;
  if (task->args[1] == 0 || !read_memory(task->tid, task->args[2], &length, sizeof length) ||
      !read_address(task, task->args[1], length, &address))
    length = 0;
  record_connection(task->process, ACCEPTED, &address, length);
}
