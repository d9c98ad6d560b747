/* A program that supervises its own calls (seccomp_unotify(2)): a thread answers for another. Where
 * the tracer does that already, the kernel says that it is busy. What came of it is a file's name.
 */
#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

static int listener;

static int install(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                      &program);
}

static void *answer(void *nothing) {
  struct seccomp_notif notice;
  memset(&notice, 0, sizeof notice);
  CHECK(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) == 0);
  struct seccomp_notif_resp answer = {.id = notice.id, .val = 42};
  CHECK(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0);
  return nothing;
}

static void supervise(void) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, answer, NULL) == 0);
  CHECK(syscall(SYS_getppid) == 42);
  CHECK(pthread_join(thread, NULL) == 0);
}

int main(void) {
  listener = install();
  CHECK(listener >= 0 || errno == EBUSY);
  if (listener >= 0)
    supervise();
  make_file(listener < 0 ? "busy" : "supervised");
  expect("WRITE:", listener < 0 ? "busy" : "supervised");
  return 0;
}
