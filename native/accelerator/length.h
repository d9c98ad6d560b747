/* The instructions of x86-64: where one ends, and what it is made of. */
#ifndef RPZ_ACCELERATOR_LENGTH_H
#define RPZ_ACCELERATOR_LENGTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which table of opcodes an instruction is from. */
enum opcode_map { MAP_ONE_BYTE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_VECTOR /* VEX or EVEX */ };

/* REX and ModRM as the Intel manual has them (volume 2, chapter 2). */
enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

struct instruction {
  uint8_t size; /* bytes */
  enum opcode_map map;
  uint8_t opcode;
  uint8_t rex; /* 0: none */
  uint8_t modrm;
  bool has_modrm;
  uint8_t sib;       /* where the ModRM byte asks for one */
  bool has_prefixes; /* legacy ones: sizes, segments, LOCK, REP */
};

/* Decode the instruction at CODE. False: it isn't known, or it doesn't end within AVAILABLE bytes;
 * never is more than that read. */
bool instruction_decode(const uint8_t *code, size_t available, struct instruction *instruction);

/* The instruction's bytes; 0: not known. */
size_t instruction_length(const uint8_t *code, size_t available);

#endif
