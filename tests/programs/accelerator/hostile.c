/* hostile SEED: what has been accelerated turns against its tracer. It writes nonsense into its own
 * log, calls through the gate, asks what only the stub asks, and tells of calls that it has never
 * made. Other processes, which look in folders meanwhile, are none of its own: what they do is to
 * be seen as ever. It ends with 7. */
#include "looks.h"

#include "../../../native/accelerator/layout.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

enum { ROUNDS = 400, VICTIMS = 4, NUMBERS = 470, STATUS = 7 };

static uint64_t state;

/* xorshift64*: Vigna, An experimental exploration of Marsaglia's xorshift generators (2016). */
static uint64_t any(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * UINT64_C(2685821657736338717);
}

static const char *const paths[] = {"input/removed",  "/",  "",          "after0/present",
                                    "/proc/self/exe", "..", "/dev/null", "missing/name"};

/* An argument of a call: a number, a path, memory, or nowhere. */
static uint64_t argument(void) {
  static char memory[4096];
  switch (any() % 6) {
  case 0:
    return any() % 8;
  case 1:
    return (uint64_t)(int64_t)-100; /* AT_FDCWD */
  case 2:
  case 3:
    return (uint64_t)(uintptr_t)paths[any() % (sizeof paths / sizeof paths[0])];
  case 4:
    return (uint64_t)(uintptr_t)memory;
  default:
    return any();
  }
}

/* What the stub keeps of a call: r9, r8, r10, rdx, rsi, rdi, rax. */
static void tell_lies(void) {
  uint64_t called[7];
  for (int i = 0; i < 6; i++)
    called[i] = argument();
  called[6] = any() % NUMBERS;
  uint64_t at = any() % 8 == 0 ? any() : (uint64_t)(uintptr_t)called;
  syscall(SYS_faccessat, AT_FDCWD, ASK_TO_SEE, at, any() % 3 == 0 ? any() : 0);
}

static void ask(void) {
  static const uint64_t questions[] = {ASK_FOR_CODE, ASK_FOR_LOG, ASK_FOR_FOLDER, ASK_TO_SEE};
  uint64_t question = questions[any() % 4];
  if (any() % 2 == 0)
    syscall(SYS_access, question, any());
  else
    syscall(SYS_faccessat, argument(), question, argument(), argument());
  if (any() % 4 == 0)
    syscall(SYS_chdir, TELL_OF_AREA, any());
}

static void call_gate(void) {
  static const int numbers[] = {SYS_access, SYS_stat, SYS_open, SYS_readlink, SYS_newfstatat};
  register uint64_t r10 __asm__("r10") = argument();
  uint64_t result = (uint64_t)numbers[any() % 5];
  char status[4096];
  __asm__ volatile("call *%[gate]"
                   : "+a"(result)
                   : [gate] "b"(GATE), "D"(argument()), "S"(status), "d"(0), "r"(r10)
                   : "rcx", "r11", "memory");
  if ((int64_t)result > 2) /* a descriptor */
    close((int)result);
}

/* Not `clock`, which the stub would jump to: that is its own affair. */
static void spoil_log(void) {
  struct log *log = (struct log *)LOG;
  char *rings = (char *)log + LOG_HEADER_SIZE;
  struct slot *slot = &log->slots[any() % SLOTS];
  switch (any() % 6) {
  case 0:
    slot->head = any() % 2 == 0 ? any() : slot->head + 8 * (any() % 4096);
    break;
  case 1:
    slot->tail = any() % 2 == 0 ? any() : slot->tail - 8 * (any() % 4096);
    break;
  case 2:
    slot->thread = (uint32_t)any();
    break;
  case 3:
    log->keys[any() % SLOTS] = any() % 2 == 0 ? log->keys[0] : any();
    break;
  case 4:
    slot->busy = any() % 2 == 0;
    break;
  default:
    for (int i = 0; i < 4096; i++)
      rings[any() % ((uint64_t)SLOTS * RING_SIZE)] = (char)any();
  }
}

static sigjmp_buf beyond;

static void on_fault(int signal) {
  (void)signal;
  siglongjmp(beyond, 1);
}

/* The file that the log is in has no more in it, and its size can't be changed. */
static void reach_for_others(void) {
  struct sigaction action = {.sa_handler = on_fault}, before;
  uint64_t size = (LOG_SIZE + 4095) / 4096 * 4096;
  char link[64];
  sigaction(SIGBUS, &action, &before);
  char *again = mremap((void *)LOG, 0, size + 4096, MREMAP_MAYMOVE);
  CHECK(again != MAP_FAILED);
  if (sigsetjmp(beyond, 1) == 0) {
    again[size] = 1;
    CHECK(!"there is something behind the log");
  }
  sigaction(SIGBUS, &before, NULL);
  snprintf(link, sizeof link, "/proc/self/map_files/%lx-%lx", LOG, LOG + size);
  int fd = open(link, O_RDWR);
  CHECK(fd >= 0 || errno == EPERM || errno == EACCES);
  if (fd >= 0)
    CHECK(ftruncate(fd, 0) == -1 && ftruncate(fd, 2 * (off_t)size) == -1);
  CHECK(munmap(again, size + 4096) == 0);
}

static pid_t start_victim(char *self, int number) {
  static char folder[16];
  snprintf(folder, sizeof folder, "after%d", number);
  pid_t child = fork();
  if (child == 0)
    execute_looks(self, folder);
  return child;
}

static void end_victim(pid_t child, int number) {
  char folder[16];
  int status;
  snprintf(folder, sizeof folder, "after%d", number);
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  expect_looks(folder);
}

static void attack(void) {
  static void (*const ways[])(void) = {tell_lies, ask, call_gate, spoil_log};
  struct stat status;
  ways[any() % 4]();
  stat("input/removed", &status);
  access("missing/name", F_OK);
}

static int is_accelerated(void) { return msync((void *)LOG, 4096, MS_ASYNC) == 0; }

int main(int argc, char **argv) {
  pid_t victims[VICTIMS];
  if (asked_to_look(argc, argv))
    return 0;
  state = strtoul(argv[1], NULL, 10) * 2 + 1;
  look_in("looks");
  CHECK(is_accelerated());
  reach_for_others();
  expect_looks("looks");
  for (int i = 0; i < VICTIMS; i++) {
    victims[i] = start_victim(argv[0], i);
    for (int round = 0; round < ROUNDS / VICTIMS; round++)
      attack();
  }
  ((struct log *)LOG)->slots[0].head += RING_SIZE + 1; /* if nothing else was noticed */
  for (int i = 0; i < VICTIMS; i++)
    end_victim(victims[i], i);
  return STATUS;
}
