#include "inject.h"

#include "layout.h"
#include "libraries.h"
#include "stub.h"

#include "../util.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

enum { CODE_LIMIT = 2048, PAGE = 4096 };

struct injection {
  pid_t tid;
  int memory;
  bool again;
  struct user_regs_struct before;
  uint64_t mask;                  /* the signals that it blocks */
  unsigned char code[CODE_LIMIT]; /* what was where it has stopped */
  struct libraries libraries;
};

/* A limit on memory would be reached sooner. */
static bool has_limits(pid_t tid) {
  static const __rlimit_resource_t kinds[] = {RLIMIT_AS, RLIMIT_DATA};
  struct rlimit limit;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (prlimit(tid, kinds[i], NULL, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY)
      return true;
  return false;
}

static bool get_registers(pid_t tid, struct user_regs_struct *registers) {
  struct iovec part = {registers, sizeof *registers};
  return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &part) == 0 &&
         part.iov_len == sizeof *registers;
}

static bool set_registers(pid_t tid, const struct user_regs_struct *registers) {
  struct iovec part = {(void *)registers, sizeof *registers};
  return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &part) == 0;
}

static bool read_code(const struct injection *injection, uint64_t address, void *to, size_t size) {
  return pread(injection->memory, to, size, (off_t)address) == (ssize_t)size;
}

static bool write_code(const struct injection *injection, uint64_t address, const void *from,
                       size_t size) {
  return pwrite(injection->memory, from, size, (off_t)address) == (ssize_t)size;
}

static bool get_mask(pid_t tid, uint64_t *mask) {
  return ptrace(PTRACE_GETSIGMASK, tid, sizeof *mask, mask) == 0;
}

static bool set_mask(pid_t tid, uint64_t mask) {
  return ptrace(PTRACE_SETSIGMASK, tid, sizeof mask, &mask) == 0;
}

/* What runs for the moment must not be interrupted by a handler: that may need what was there, and
 * would be lost. */
static bool put_to_work(const struct injection *injection, uint64_t address) {
  enum { RED_ZONE = 128, SYSCALL_NONE = -1 };
  struct user_regs_struct work = injection->before;
  work.rip = address;
  work.rdi = injection->again;
  work.rsp = ((work.rsp - RED_ZONE) & ~UINT64_C(15)) - 8;
  work.orig_rax = (unsigned long long)SYSCALL_NONE;
  work.rax = 0;
  if (!set_mask(injection->tid, UINT64_MAX))
    return false;
  if (set_registers(injection->tid, &work))
    return true;
  set_mask(injection->tid, injection->mask);
  return false;
}

/* In the place of what comes next there, which nobody else runs. */
static bool put_to_work_there(const struct injection *injection) {
  uint64_t address = injection->before.rip;
  if (!write_code(injection, address, __start_rpz_bootstrap_code, bootstrap_size()))
    return false;
  if (put_to_work(injection, address))
    return true;
  write_code(injection, address, injection->code, bootstrap_size());
  return false;
}

static bool is_of_64_bits(const struct user_regs_struct *registers) {
  enum { USER_CODE = 0x33 }; /* the segment of 64-bit programs: arch/x86/include/asm/segment.h */
  return registers->cs == USER_CODE;
}

/* The loader is still at work: there is no thread pointer, or the calls are its own. */
static bool is_early(const struct injection *injection) {
  return injection->before.fs_base == 0 || injection->libraries.in_loader;
}

static bool prepare(struct injection *injection) {
  char path[64];
  struct user_regs_struct *registers = &injection->before;
  pid_t tid = injection->tid;
  snprintf(path, sizeof path, "/proc/%d/mem", tid);
  injection->memory = open(path, O_RDWR | O_CLOEXEC);
  return bootstrap_size() <= CODE_LIMIT && injection->memory >= 0 &&
         get_registers(tid, registers) && is_of_64_bits(registers) && !has_limits(tid) &&
         libraries_of(tid, registers->rip, &injection->libraries) &&
         injection->libraries.code + injection->libraries.code_size - registers->rip >=
             bootstrap_size() &&
         read_code(injection, registers->rip, injection->code, bootstrap_size()) &&
         get_mask(tid, &injection->mask);
}

static struct injection *new_injection(pid_t tid, bool again) {
  struct injection *injection = xcalloc(1, sizeof *injection);
  injection->tid = tid;
  injection->again = again;
  injection->memory = -1;
  return injection;
}

struct injection *inject(pid_t tid, bool *early) {
  struct injection *injection = new_injection(tid, false);
  bool prepared = prepare(injection);
  *early = prepared && is_early(injection);
  if (prepared && !*early && put_to_work_there(injection))
    return injection;
  inject_free(injection);
  return NULL;
}

/* The copy may have been unmapped. */
static bool has_bootstrap(pid_t tid) {
  unsigned char found[CODE_LIMIT];
  struct iovec theirs = {(void *)BOOTSTRAP, bootstrap_size()}, ours = {found, bootstrap_size()};
  return bootstrap_size() <= CODE_LIMIT &&
         process_vm_readv(tid, &ours, 1, &theirs, 1, 0) == (ssize_t)bootstrap_size() &&
         memcmp(found, __start_rpz_bootstrap_code, bootstrap_size()) == 0;
}

struct injection *inject_again(pid_t tid) {
  struct injection *injection = new_injection(tid, true);
  if (has_bootstrap(tid) && get_registers(tid, &injection->before) &&
      is_of_64_bits(&injection->before) && get_mask(tid, &injection->mask) &&
      put_to_work(injection, BOOTSTRAP))
    return injection;
  inject_free(injection);
  return NULL;
}

uint64_t inject_thread(const struct injection *injection) { return injection->before.fs_base; }

uint64_t inject_clock(const struct injection *injection) { return injection->libraries.clock; }

void inject_free(struct injection *injection) {
  if (injection != NULL)
    close_fd(&injection->memory);
  free(injection);
}

/* The page of steps: what the redirected places jump to. */
struct steps {
  uint64_t address;
  size_t size;
  unsigned char code[PAGE];
};

static void put(struct steps *steps, const void *bytes, size_t size) {
  memcpy(steps->code + steps->size, bytes, size);
  steps->size += size;
}

/* The distance from the end of an instruction at FROM, of SIZE bytes, to TO. False: it is too far.
 */
static bool distance(uint64_t from, size_t size, uint64_t to, int32_t *result) {
  int64_t far = (int64_t)(to - (from + size));
  *result = (int32_t)far;
  return far == *result;
}

/* OPCODE and a distance of 32 bits: a call or a jump. */
static bool put_branch(struct steps *steps, unsigned char opcode, uint64_t to) {
  int32_t relative;
  bool near = distance(steps->address + steps->size, 1 + sizeof relative, to, &relative);
  put(steps, &opcode, 1);
  put(steps, &relative, sizeof relative);
  return near;
}

/* movabs $STUB, %r11; jmp *%r11: the kernel changes r11 at every call, so that it is free. */
static void put_door(struct steps *steps) {
  static const unsigned char load[] = {0x49, 0xbb}, jump[] = {0x41, 0xff, 0xe3};
  uint64_t entry = STUB + (uint64_t)(rpz_stub_entry - __start_rpz_stub_code);
  put(steps, load, sizeof load);
  put(steps, &entry, sizeof entry);
  put(steps, jump, sizeof jump);
}

enum { CALL_OPCODE = 0xe8, JUMP_OPCODE = 0xe9, MOVE_OPCODE = 0xb8, MOVE_SIZE = 5, STEP_LIMIT = 64 };

/* The instruction that a jump takes the place of. */
static void move_of(const struct site *site, unsigned char move[MOVE_SIZE]) {
  if (site->number == ANY_NUMBER) {
    memcpy(move, site->between, MOVE_SIZE);
    return;
  }
  move[0] = MOVE_OPCODE;
  memcpy(move + 1, &site->number, sizeof site->number);
}

/* mov $NUMBER, %eax (or another, which is the first of what is between); what is between; lea
 * -128(%rsp), %rsp; call the door; lea 128(%rsp), %rsp; jmp back. (lea leaves the flags as they
 * are, which the call itself does, too.) */
static bool put_step(struct steps *steps, const struct site *site, uint64_t base) {
  static const unsigned char down[] = {0x48, 0x8d, 0x64, 0x24, 0x80},
                             up[] = {0x48, 0x8d, 0xa4, 0x24, 0x80, 0, 0, 0};
  unsigned char move[MOVE_SIZE];
  move_of(site, move);
  if (site->number != ANY_NUMBER)
    put(steps, move, sizeof move);
  put(steps, site->between, site->between_size);
  put(steps, down, sizeof down);
  bool near = put_branch(steps, CALL_OPCODE, steps->address);
  put(steps, up, sizeof up);
  return put_branch(steps, JUMP_OPCODE, base + site->back) && near;
}

/* A place that is redirected: the mov as it was, and the jump that it is to be. */
enum { MOST_PATCHES = MOST_LIBRARIES * MAX_SITES, CALL_SIZE = 2 };

struct patch {
  uint64_t address;
  unsigned char before[MOVE_SIZE + MAX_BETWEEN + CALL_SIZE]; /* up to the `syscall` */
  size_t size;
  unsigned char after[MOVE_SIZE];
};

struct patches {
  struct patch list[MOST_PATCHES];
  size_t count;
};

/* What the file has at a place. */
static size_t code_of(const struct site *site, unsigned char *code) {
  static const unsigned char call[CALL_SIZE] = {0x0f, 0x05};
  size_t size = site->number == ANY_NUMBER ? 0 : MOVE_SIZE;
  move_of(site, code);
  memcpy(code + size, site->between, site->between_size);
  size += site->between_size;
  memcpy(code + size, call, sizeof call);
  return size + sizeof call;
}

static bool plan(struct steps *steps, struct patches *patches, const struct site *site,
                 uint64_t base) {
  int32_t relative;
  if (steps->size + STEP_LIMIT > PAGE || patches->count == MOST_PATCHES)
    return false;
  struct patch *patch = &patches->list[patches->count++];
  patch->address = base + site->address;
  patch->size = code_of(site, patch->before);
  patch->after[0] = JUMP_OPCODE;
  bool near = distance(patch->address, MOVE_SIZE, steps->address + steps->size, &relative);
  memcpy(patch->after + 1, &relative, sizeof relative);
  return put_step(steps, site, base) && near;
}

/* Whether each place has in the process what it has in the file. */
static bool is_as_planned(pid_t tid, const struct patch *list, size_t count) {
  static unsigned char found[MOST_PATCHES][sizeof list->before];
  struct iovec theirs[MOST_PATCHES] = {{0}}, ours[MOST_PATCHES] = {{0}};
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    theirs[i] = (struct iovec){(void *)list[i].address, list[i].size};
    ours[i] = (struct iovec){found[i], list[i].size};
    size += list[i].size;
  }
  if (process_vm_readv(tid, ours, count, theirs, count, 0) != (ssize_t)size)
    return false;
  for (size_t i = 0; i < count; i++)
    if (memcmp(found[i], list[i].before, list[i].size) != 0)
      return false;
  return true;
}

/* All of it is verified before anything is changed. */
static bool redirect(const struct injection *injection, uint64_t address) {
  struct steps steps = {.address = address};
  struct patches patches;
  patches.count = 0;
  put_door(&steps);
  for (size_t i = 0; i < injection->libraries.count; i++) {
    const struct library *library = &injection->libraries.found[i];
    for (size_t j = 0; j < library->table->count; j++)
      if (!plan(&steps, &patches, &library->table->sites[j], library->base))
        return false;
  }
  if (!is_as_planned(injection->tid, patches.list, patches.count) ||
      !write_code(injection, address, steps.code, steps.size))
    return false;
  for (size_t i = 0; i < patches.count; i++)
    if (!write_code(injection, patches.list[i].address, patches.list[i].after, MOVE_SIZE))
      return i > 0;
  return true;
}

bool inject_end(struct injection *injection, int64_t steps) {
  struct user_regs_struct after = injection->before;
  after.orig_rax = (unsigned long long)-1; /* no call is made */
  bool again = injection->again;
  bool restored = again || write_code(injection, after.rip, injection->code, bootstrap_size());
  bool mapped = restored && steps >= 0;
  bool done = mapped && (again || redirect(injection, (uint64_t)steps));
  set_mask(injection->tid, injection->mask);
  set_registers(injection->tid, &after);
  return done;
}
