/* Looks on small stacks: a signal's of hardly more than the smallest, a context's of 2 KiB, a
 * thread's of the smallest size. What lies below has to stay as it was. */
#include "looks.h"

#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
enum { SMALL = 2048, ROOM = 65536, PATTERN = 0xa5 };

static unsigned char *below;
static volatile int done;

/* The upper SIZE bytes of a room, which is full of a pattern. */
static void *stack_of(size_t size) {
  below = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(below != MAP_FAILED && size < ROOM);
  memset(below, PATTERN, ROOM);
  return below + ROOM - size;
}

static void check_below(size_t size) {
  for (size_t i = 0; i < ROOM - size; i++)
    CHECK(below[i] == PATTERN);
}

static void look(const char *present, const char *absent) {
  static struct stat status;
  CHECK(stat(present, &status) == 0);
  CHECK(stat(absent, &status) == -1);
  CHECK(access(present, R_OK) == 0);
  int fd = open(present, O_RDONLY);
  CHECK(fd >= 0 && close(fd) == 0);
  done++;
}

static void handle(int signal) {
  (void)signal;
  look("signal", "no-signal");
}

static size_t on_signal_stack(void) {
  size_t least = getauxval(AT_MINSIGSTKSZ);
  size_t size = (least > 2048 ? least : 2048) + 1024; /* the frame, and what stat takes */
  stack_t stack = {.ss_sp = stack_of(size), .ss_size = size};
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
  CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
  CHECK(raise(SIGUSR1) == 0);
  return size;
}

#ifdef __GLIBC__ /* musl has no contexts */
static void in_context(void) { look("context", "no-context"); }

static void on_context_stack(void) {
  static ucontext_t before, context;
  CHECK(getcontext(&context) == 0);
  context.uc_stack.ss_sp = stack_of(SMALL);
  context.uc_stack.ss_size = SMALL;
  context.uc_link = &before;
  makecontext(&context, in_context, 0);
  CHECK(swapcontext(&before, &context) == 0);
}
#else
static void on_context_stack(void) {
  stack_of(SMALL);
  look("context", "no-context");
}
#endif

static void *in_thread(void *nothing) {
  look("thread", "no-thread");
  return nothing;
}

static void on_thread_stack(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  CHECK(pthread_attr_init(&attributes) == 0);
  CHECK(pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN)) == 0);
  CHECK(pthread_create(&thread, &attributes, in_thread, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}

int main(void) {
  static const char *const ON[] = {"signal", "context", "thread"};
  for (int i = 0; i < 3; i++)
    make_file(ON[i]);
  look_in("looks");
  look("signal", "no-signal"); /* all functions are bound then */
  check_below(on_signal_stack());
  on_context_stack();
  check_below(SMALL);
  on_thread_stack();
  CHECK(done == 4);
  for (int i = 0; i < 3; i++) {
    char name[32];
    snprintf(name, sizeof name, "no-%s", ON[i]);
    expect("STAT:EXISTED", ON[i]);
    expect("READ:EXISTED", ON[i]);
    expect("ABSENT", name);
  }
  return 0;
}
