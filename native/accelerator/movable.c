#include "movable.h"

enum { RAX = 0, RSP = 4, RBP = 5 };

static unsigned register_of(unsigned low, uint8_t rex, unsigned bit) {
  return (low & 7) | (rex & bit ? 8 : 0);
}

static unsigned reg_of(const struct instruction *instruction) {
  return register_of(instruction->modrm >> 3, instruction->rex, REX_R);
}

static unsigned rm_of(const struct instruction *instruction) {
  return register_of(instruction->modrm, instruction->rex, REX_B);
}

static bool is_register_form(const struct instruction *instruction) {
  return instruction->modrm >> 6 == 3;
}

/* The stack pointer may be read: the stack is as it was. */
static bool may_change(unsigned number) { return number != RAX && number != RSP; }
static bool may_read(unsigned number) { return number != RAX; }

/* LEA: neither its base nor its index is the number's register or the instruction pointer. */
static bool is_address_movable(const struct instruction *instruction) {
  unsigned mod = instruction->modrm >> 6, rm = instruction->modrm & 7;
  if (mod == 3)
    return false;
  if (rm != RSP)
    return (mod != 0 || rm != RBP) && may_read(rm_of(instruction));
  unsigned index = register_of(instruction->sib >> 3, instruction->rex, REX_X);
  unsigned base = register_of(instruction->sib, instruction->rex, REX_B);
  bool has_base = mod != 0 || (instruction->sib & 7) != RBP;
  return may_read(index) && (!has_base || may_read(base));
}

bool instruction_is_movable(const struct instruction *instruction) {
  unsigned reg = reg_of(instruction), rm = rm_of(instruction);
  if (instruction->map != MAP_ONE_BYTE || instruction->has_prefixes)
    return false;
  if (instruction->opcode >= 0xb8 && instruction->opcode <= 0xbf) /* mov $N,reg */
    return may_change(register_of(instruction->opcode, instruction->rex, REX_B));
  switch (instruction->opcode) {
  case 0x31: /* xor reg,rm */
  case 0x89: /* mov reg,rm */
    return is_register_form(instruction) && may_change(rm) && may_read(reg);
  case 0x33: /* xor rm,reg */
  case 0x63: /* movslq rm,reg */
  case 0x8b: /* mov rm,reg */
    return is_register_form(instruction) && may_change(reg) && may_read(rm);
  case 0x8d: /* lea address,reg */
    return may_change(reg) && is_address_movable(instruction);
  case 0xc7: /* mov $N,rm */
    return is_register_form(instruction) && (instruction->modrm & 0x38) == 0 && may_change(rm);
  default:
    return false;
  }
}
