#include "util.h"

#include "filter.h"

#include "accelerator/accelerator.h"
#include "accelerator/layout.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The program is, for each ABI:
 *     unless the architecture is its own, or if the number is below all of its calls: skip
 *     for each call: if the number is its own: stop (or, on its condition only, allow or stop)
 * and at the end: allow. Kernels from 5.11 remember which numbers are always allowed and don't even
 * run it for those. */
struct program {
  bool notifies; /* in the ABI that is being emitted */
  struct sock_filter *code;
  size_t size;
};

static size_t emit(struct program *program, struct sock_filter instruction) {
  program->code = xrealloc(program->code, (program->size + 1) * sizeof *program->code);
  program->code[program->size] = instruction;
  return program->size++;
}

static void emit_load(struct program *program, size_t offset) {
  emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Skip the rest of the block unless TEST holds of VALUE; the distance is filled in later. */
static size_t emit_unless(struct program *program, uint16_t test, uint32_t value) {
  emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, 1, 0));
  return emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
}

static void emit_return(struct program *program, uint32_t action) {
  emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* A jump to the instruction that comes IF or ELSE instructions after the next one. */
static void emit_jump(struct program *program, uint16_t test, uint32_t value, uint8_t if_true,
                      uint8_t if_false) {
  emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, if_true, if_false));
}

/* A call that only looks: allowed where it comes from the gate, for its process has a log of it. */
static void emit_look(struct program *program) {
  if (accelerator_is_open()) {
    size_t address = offsetof(struct seccomp_data, instruction_pointer);
    emit_load(program, address + sizeof(uint32_t));
    emit_jump(program, BPF_JEQ, (uint32_t)(GATE >> 32), 0, 4);
    emit_load(program, address);
    emit_jump(program, BPF_JGE, (uint32_t)GATE, 0, 2);
    emit_jump(program, BPF_JGE, (uint32_t)(GATE + GATE_SIZE), 1, 0);
    emit_return(program, SECCOMP_RET_ALLOW);
  }
  emit_return(program, SECCOMP_RET_USER_NOTIF);
}

static size_t argument_offset(unsigned argument, size_t byte) {
  return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + byte;
}

/* If one of the bits of MASK is set: skip the next SKIPPED instructions. */
static void emit_if_bit(struct program *program, uint32_t mask, uint8_t skipped) {
  emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, skipped, 0));
}

/* Both halves of the argument, the lower one first on these machines. */
static void emit_with_bit(struct program *program, const struct condition *when) {
  emit_load(program, argument_offset(when->argument, 0));
  emit_if_bit(program, (uint32_t)when->mask, 3);
  emit_load(program, argument_offset(when->argument, sizeof(uint32_t)));
  emit_if_bit(program, (uint32_t)(when->mask >> 32), 1);
}

static void emit_one_of(struct program *program, const struct condition *when) {
  emit_load(program, argument_offset(when->argument, 0));
  emit(program, (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0));
  emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 1));
  emit(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0));
  emit_if_bit(program, (uint32_t)when->mask, 1);
}

static void emit_random(struct program *program, const struct condition *when) {
  emit_load(program, argument_offset(when->argument + 1, 0));
  emit(program,
       (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)when->mask, 0, 3));
  emit_load(program, argument_offset(when->argument, 0));
  emit(program,
       (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)(when->mask >> 32), 1, 0));
}

/* Skip the next instruction if the condition holds. */
static void emit_test(struct program *program, const struct condition *condition) {
  if (condition->test == WITH_BIT)
    emit_with_bit(program, condition);
  else if (condition->test == ONE_OF)
    emit_one_of(program, condition);
  else if (condition->test == RANDOM_BYTES)
    emit_random(program, condition);
}

/* Return OTHERWISE unless the condition holds. */
static void emit_condition(struct program *program, const struct condition *condition,
                           uint32_t otherwise) {
  emit_test(program, condition);
  if (condition->test != EVERY)
    emit_return(program, otherwise);
}

static size_t emit_skip(struct program *program) {
  return emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
}

/* What only looks may be told of, unless the condition holds. */
static void emit_look_unless(struct program *program, const struct condition *changes) {
  if (changes->test == EVERY)
    return;
  emit_test(program, changes);
  emit_skip(program); /* to the look */
  size_t over = emit_skip(program);
  emit_look(program);
  program->code[over].k = (uint32_t)(program->size - over - 1);
}

/* If the number is the row's: ACTION, but on its conditions only. */
static void emit_row(struct program *program, const struct syscall_row *row, uint32_t action) {
  size_t test =
      emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row->number, 0, 0));
  emit_condition(program, &row->when, SECCOMP_RET_ALLOW);
  if (program->notifies)
    emit_look_unless(program, &row->changes);
  emit_return(program, action);
  program->code[test].jf = (uint8_t)(program->size - test - 1);
}

static uint32_t lowest_number(const struct abi *abi) {
  uint32_t lowest = UINT32_MAX;
  for (size_t i = 0; i < abi->row_count; i++)
    if (abi->rows[i].number < lowest)
      lowest = abi->rows[i].number;
  return lowest;
}

static void emit_abi(struct program *program, size_t index) {
  const struct abi *abi = abis[index];
  emit_load(program, offsetof(struct seccomp_data, arch));
  size_t other_arch = emit_unless(program, BPF_JEQ, abi->audit_arch);
  emit_load(program, offsetof(struct seccomp_data, nr));
  size_t lower = emit_unless(program, BPF_JGE, lowest_number(abi));
  for (int looks = 1; looks >= 0; looks--) /* which are the most frequent */
    for (size_t i = 0; i < abi->row_count; i++)
      if ((abi->rows[i].changes.test != EVERY) == looks)
        emit_row(program, &abi->rows[i], SECCOMP_RET_TRACE | abi_mark(index));
  program->code[other_arch].k = (uint32_t)(program->size - other_arch - 1);
  program->code[lower].k = (uint32_t)(program->size - lower - 1);
}

static struct program compile(bool notifies) {
  struct program program = {0};
  for (size_t i = 0; abis[i] != NULL; i++) {
    program.notifies = notifies && i == 0; /* call_was_cut knows that one's calls */
    emit_abi(&program, i);
  }
  emit_return(&program, SECCOMP_RET_ALLOW);
  return program;
}

static int install(bool notifies, unsigned long flags) {
  struct program program = compile(notifies);
  struct sock_fprog filter = {(unsigned short)program.size, program.code};
  /* Without CAP_SYS_ADMIN a filter is only for processes that can't gain privileges (seccomp(2)).
   */
  long done = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (done < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    done = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  int error = errno; /* which free(3) may change */
  free(program.code);
  errno = error;
  return (int)done;
}

/* Before Linux 4.17 that flag is not known, and what it spares us is not done. */
bool filter_install(void) {
  return install(false, SECCOMP_FILTER_FLAG_SPEC_ALLOW) == 0 ||
         (errno == EINVAL && install(false, 0) == 0);
}

/* Linux 5.19. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

int filter_install_listener(void) {
  if (!can_repeat_call)
    return -1;
  return install(true, SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER |
                           SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static bool holds(const struct condition *condition, const uint64_t *args) {
  uint64_t value = args[condition->argument];
  switch (condition->test) {
  case EVERY:
    return true;
  case NONE:
    return false;
  case WITH_BIT:
    return (value & condition->mask) != 0;
  case ONE_OF:
    return value < 64 && (condition->mask >> value & 1) != 0;
  case RANDOM_BYTES:
    return (args[condition->argument + 1] & (uint32_t)condition->mask) == 0 ||
           (uint32_t)value >= condition->mask >> 32;
  }
  return true;
}

bool only_looks(const struct syscall_row *row, const uint64_t *args) {
  return !holds(&row->changes, args);
}

static const struct syscall_row *row_of(const struct abi *abi, uint64_t number) {
  for (size_t i = 0; i < abi->row_count; i++)
    if (abi->rows[i].number == number)
      return &abi->rows[i];
  return NULL;
}

/* The mark that our filter gives to a stop is not relied on where the kernel tells: where the
 * program has a filter too, and both want a stop, the stop is that one's. */
const struct syscall_row *filter_row(uint32_t arch, uint64_t number, const struct abi **abi) {
  const struct syscall_row *row = NULL;
  for (size_t i = 0; abis[i] != NULL && row == NULL; i++) {
    *abi = abis[i];
    if (abis[i]->audit_arch == arch)
      row = row_of(abis[i], number);
  }
  return row;
}
