#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.6: the task's processor goes on with us, and then with the task, instead of waking
 * another one up each time. Without it a notification costs more than a stop. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* Linux 5.14. */
#ifndef SECCOMP_ADDFD_FLAG_SEND
struct seccomp_notif_addfd {
  __u64 id;
  __u32 flags;
  __u32 srcfd;
  __u32 newfd;
  __u32 newfd_flags;
};
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#define SECCOMP_IOCTL_NOTIF_ADDFD SECCOMP_IOW(3, struct seccomp_notif_addfd)
#endif

static bool unwanted;
static int listener = -1;

void notify_never(void) { unwanted = true; }

bool notify_is_wanted(void) { return !unwanted; }

bool notify_is_open(void) { return listener >= 0; }

bool notify_uses(int fd) { return fd >= 0 && fd == listener; }

static int take_descriptor(pid_t pid, int fd) {
  int process = (int)syscall(SYS_pidfd_open, pid, 0);
  if (process < 0)
    return -1;
  int taken = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
  close(process);
  return taken;
}

bool notify_open(pid_t pid, int fd) {
  listener = take_descriptor(pid, fd);
  if (listener < 0)
    return false;
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0)
    return true;
  close(listener);
  listener = -1;
  return false;
}

/* Since Linux 6.11 one isn't kept waiting for calls of nobody. */
static bool has_tasks(void) {
  struct pollfd listening = {.fd = listener};
  return poll(&listening, 1, 0) <= 0 || (listening.revents & POLLHUP) == 0;
}

bool notify_receive(struct notice *notice) {
  struct seccomp_notif got;
  do { /* ENOENT: its task is gone, or all are */
    memset(&got, 0, sizeof got);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got) == 0) {
      notice->id = got.id;
      notice->tid = (pid_t)got.pid;
      notice->address = got.data.instruction_pointer;
      notice->call.arch = got.data.arch;
      notice->call.number = (uint32_t)got.data.nr;
      for (size_t i = 0; i < 6; i++)
        notice->call.args[i] = got.data.args[i];
      return true;
    }
  } while (errno == EINTR || (errno == ENOENT && has_tasks()));
  return false;
}

void notify_refuse(const struct notice *notice, int error) {
  struct seccomp_notif_resp refusal = {.id = notice->id, .error = -error};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &refusal);
}

void notify_give(const struct notice *notice, int fd) {
  struct seccomp_notif_addfd given = {.id = notice->id,
                                      .flags = SECCOMP_ADDFD_FLAG_SEND,
                                      .srcfd = (__u32)fd,
                                      .newfd_flags = O_CLOEXEC};
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &given) < 0)
    notify_refuse(notice, EMFILE);
}

void notify_continue(const struct notice *notice) {
  struct seccomp_notif_resp answer = {.id = notice->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}
