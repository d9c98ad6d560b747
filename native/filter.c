#include "util.h"

#include "filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The program is, for each ABI:
 *     unless the architecture is its own, or if the number is below all of its calls: skip
 *     for each call: if the number is its own: stop
 * and at the end: allow. Kernels from 5.11 remember which numbers are always allowed and don't even
 * run it for those. */
struct program {
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

static uint32_t action_of(const struct syscall_row *row, size_t abi) {
  return row->enter == NULL ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_TRACE | abi_mark(abi);
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
  for (size_t i = 0; i < abi->row_count; i++) {
    const struct syscall_row *row = &abi->rows[i];
    emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row->number, 0, 1));
    emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action_of(row, index)));
  }
  program->code[other_arch].k = (uint32_t)(program->size - other_arch - 1);
  program->code[lower].k = (uint32_t)(program->size - lower - 1);
}

bool filter_install(void) {
  struct program program = {0};
  for (size_t i = 0; abis[i] != NULL; i++)
    emit_abi(&program, i);
  emit(&program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  struct sock_fprog filter = {(unsigned short)program.size, program.code};
  /* Without CAP_SYS_ADMIN a filter is only for processes that can't gain privileges (seccomp(2)).
   */
  long done =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter);
  if (done != 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    done = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter);
  free(program.code);
  return done == 0;
}

static const struct syscall_row *row_of(const struct abi *abi, uint64_t number) {
  for (size_t i = 0; i < abi->row_count; i++)
    if (abi->rows[i].number == number && abi->rows[i].enter != NULL)
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
