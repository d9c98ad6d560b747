/* What a call that looks leaves in the registers: all but those that a system call changes are told
 * of, by name. The vectors, the x87 stack and the control words are filled with patterns. */
#include "looks.h"

#if defined __x86_64__ && defined __LP64__

#include <cpuid.h>
#include <stdint.h>

enum { AREA = 16384, STATES = 0xe7 /* x87, SSE, AVX, and the three of AVX-512 */, HEADER = 512 };

struct area {
  unsigned char bytes[AREA];
} __attribute__((aligned(64)));

/* Used by the assembly. */
struct area patterns, states_before, states_after;
uint64_t general[16], arguments[3], states;
void *look_function;
void probe(void);

__asm__(".text\n"
        ".globl probe\n"
        "probe:\n"
        "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; sub $8, %rsp\n"
        "  mov states(%rip), %eax; xor %edx, %edx\n"
        "  xrstor patterns(%rip)\n"
        "  xsave states_before(%rip)\n"
        "  mov $0x1111111111111111, %rbx; mov $0x2222222222222222, %rbp\n"
        "  mov $0x3333333333333333, %r12; mov $0x4444444444444444, %r13\n"
        "  mov $0x5555555555555555, %r14; mov $0x6666666666666666, %r15\n"
        "  mov $0x7777777777777777, %r8; mov $0x1888888888888888, %r9\n"
        "  mov $0x1999999999999999, %r10\n"
        "  mov arguments(%rip), %rdi; mov 8+arguments(%rip), %rsi; mov 16+arguments(%rip), %rdx\n"
        "  xor %eax, %eax\n"
        "  call *look_function(%rip)\n"
        "  mov %rax, general(%rip)\n"
        "  pushf; pop %rax; mov %rax, 8+general(%rip)\n"
        "  mov %rbx, 16+general(%rip); mov %rbp, 24+general(%rip)\n"
        "  mov %r12, 32+general(%rip); mov %r13, 40+general(%rip)\n"
        "  mov %r14, 48+general(%rip); mov %r15, 56+general(%rip)\n"
        "  mov %r8, 64+general(%rip); mov %r9, 72+general(%rip); mov %r10, 80+general(%rip)\n"
        "  mov %rdi, 88+general(%rip); mov %rsi, 96+general(%rip); mov %rdx, 104+general(%rip)\n"
        "  mov states(%rip), %eax; xor %edx, %edx\n"
        "  xsave states_after(%rip)\n"
        "  fninit; cld\n"
        "  add $8, %rsp; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "  ret\n");

static const char *const KEPT[] = {"rbx", "rbp", "r12", "r13", "r14", "r15", "r8", "r9", "r10"};
static const uint64_t VALUES[] = {
    0x1111111111111111, 0x2222222222222222, 0x3333333333333333,
    0x4444444444444444, 0x5555555555555555, 0x6666666666666666,
    0x7777777777777777, 0x1888888888888888, 0x1999999999999999,
};

static uint64_t enabled(void) {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

/* Fill every state but the first two with a pattern; those have reserved bits. */
static void make_patterns(void) {
  uint32_t eax, ebx, ecx, edx, high = 0, mask = (uint32_t)states;
  uint32_t rounded = 0x7f80; /* MXCSR: towards zero, flushed to zero, all masked */
  uint16_t control = 0x0c7f; /* x87: towards zero, single precision, all masked */
  __asm__ volatile("ldmxcsr %0; fninit; fldcw %1; fldpi; fld1; fldl2e" ::"m"(rounded),
                   "m"(control));
  __asm__ volatile("xsave %0" : "+m"(patterns) : "a"(mask), "d"(high));
  __asm__ volatile("fninit" ::: "memory");
  rounded = 0x1f80;
  __asm__ volatile("ldmxcsr %0" ::"m"(rounded));
  memset(patterns.bytes + 160, 0x5a, 256); /* XMM0 to XMM15 */
  for (unsigned state = 2; state < 8; state++) {
    if ((states >> state & 1) == 0)
      continue;
    __cpuid_count(0xd, state, eax, ebx, ecx, edx);
    CHECK(ebx + eax <= AREA);
    memset(patterns.bytes + ebx, 0x30 + (int)state, eax);
  }
  memcpy(patterns.bytes + HEADER, &states, sizeof states);
}

static int state_differs(int at) {
  int in_header = at >= HEADER && at < HEADER + 64;
  return !in_header && states_before.bytes[at] != states_after.bytes[at];
}

static void tell(const char *what, void *function, uint64_t second, uint64_t third) {
  static const char PATH[] = "present";
  look_function = function;
  arguments[0] = (uint64_t)(uintptr_t)PATH, arguments[1] = second, arguments[2] = third;
  memset(&states_before, 0, sizeof states_before);
  memset(&states_after, 0, sizeof states_after);
  probe();
  fprintf(stderr, "%s: %ld, flags %lx", what, (long)general[0], (long)(general[1] & 0xcc1));
  for (int i = 0; i < 9; i++)
    if (general[2 + i] != VALUES[i])
      fprintf(stderr, " %s", KEPT[i]);
  for (int i = 0; i < 3; i++)
    if (general[11 + i] != arguments[i])
      fprintf(stderr, " argument %d", i);
  for (int i = 0; i < AREA; i++)
    if (state_differs(i) && (i == 0 || !state_differs(i - 1)))
      fprintf(stderr, " state from %d", i);
  fprintf(stderr, "\n");
}

static void tell_of_calls(void) {
  static struct stat status;
  static char text[64];
  uint64_t buffer = (uint64_t)(uintptr_t)&status;
  tell("stat", stat, buffer, 7);
  tell("lstat", lstat, buffer, 7);
  tell("access", access, R_OK, 7);
  tell("readlink", readlink, (uint64_t)(uintptr_t)text, sizeof text);
  tell("open", open, O_RDONLY | O_CLOEXEC, 7);
}

int main(void) {
  uint32_t eax, ebx, ecx, edx;
  make_file("present");
  look_in("looks");
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_OSXSAVE)) {
    states = enabled() & STATES;
    make_patterns();
    tell_of_calls();
  }
  expect_looks("looks");
  expect("STAT:EXISTED", "present");
  return 0;
}

#else

int main(void) {
  look_in("looks");
  expect_looks("looks");
  return 0;
}

#endif
