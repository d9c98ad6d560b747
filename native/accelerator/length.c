#include "length.h"

/* What follows an opcode, a letter for each, in the order of the Intel manual's opcode maps
 * (volume 2, appendix A), in 64-bit mode:
 *   .  nothing          b  8 bits           w  16 bits     e  16 and 8 bits
 *   z  32 bits, 16 with the operand-size prefix             v  as z, but 64 with REX.W
 *   j  a 32-bit jump    o  an address of 64 bits            x  not known, or no instruction
 *   M  ModRM, and:  B  8 bits   Z  as z   T  as the group of F6 and F7
 *   p  it is a prefix   E  it leads to another map */
static const char one_byte[] = "MMMMbzxxMMMMbzxE"  /* 0 */
                               "MMMMbzxxMMMMbzxx"  /* 1 */
                               "MMMMbzpxMMMMbzpx"  /* 2 */
                               "MMMMbzpxMMMMbzpx"  /* 3 */
                               "pppppppppppppppp"  /* 4 */
                               "................"  /* 5 */
                               "xxEMppppzZbB...."  /* 6 */
                               "bbbbbbbbbbbbbbbb"  /* 7 */
                               "BZxBMMMMMMMMMMMM"  /* 8 */
                               "..........x....."  /* 9 */
                               "oooo....bz......"  /* A */
                               "bbbbbbbbvvvvvvvv"  /* B */
                               "BBw.EEBZe.w..bx."  /* C */
                               "MMMMxxx.MMMMMMMM"  /* D */
                               "bbbbbbbbjjxb...."  /* E */
                               "p.pp..TT......MM"; /* F */

static const char two_byte[] = "MMMMx.....x.xM.x"  /* 0 */
                               "MMMMMMMMMMMMMMMM"  /* 1 */
                               "xxxxxxxxMMMMMMMM"  /* 2 */
                               "......x.ExExxxxx"  /* 3 */
                               "MMMMMMMMMMMMMMMM"  /* 4 */
                               "MMMMMMMMMMMMMMMM"  /* 5 */
                               "MMMMMMMMMMMMMMMM"  /* 6 */
                               "BBBBMMM.xxxxMMMM"  /* 7 */
                               "jjjjjjjjjjjjjjjj"  /* 8 */
                               "MMMMMMMMMMMMMMMM"  /* 9 */
                               "...MBMxx...MBMMM"  /* A */
                               "MMMMMMMMMMBMMMMM"  /* B */
                               "MMBMBBBM........"  /* C */
                               "MMMMMMMMMMMMMMMM"  /* D */
                               "MMMMMMMMMMMMMMMM"  /* E */
                               "MMMMMMMMMMMMMMMM"; /* F */

enum { LONGEST = 15 };

/* The bytes still to be read, and what those read have said. */
struct reader {
  const uint8_t *code;
  size_t available;
  size_t at;
  bool narrow;  /* the operand-size prefix */
  bool address; /* the address-size prefix */
};

static bool take(struct reader *reader, uint8_t *byte) {
  if (reader->at >= reader->available || reader->at >= LONGEST)
    return false;
  *byte = reader->code[reader->at++];
  return true;
}

static bool skip(struct reader *reader, size_t count) {
  reader->at += count;
  return reader->at <= reader->available && reader->at <= LONGEST;
}

/* Legacy prefixes, then at most one REX, which counts only just before the opcode. */
static bool take_prefixes(struct reader *reader, struct instruction *to, uint8_t *opcode) {
  while (take(reader, opcode) && one_byte[*opcode] == 'p') {
    if (to->rex)
      return false;
    if (*opcode >> 4 == 4) {
      to->rex = *opcode;
      continue;
    }
    to->has_prefixes = true;
    reader->narrow |= *opcode == 0x66;
    reader->address |= *opcode == 0x67;
  }
  return reader->at && one_byte[*opcode] != 'p';
}

/* The letter of an opcode of map 1, 2 or 3 (of EVEX 5 and 6, too). */
static char letter_of(unsigned map, uint8_t opcode) {
  switch (map) {
  case 1:
    return two_byte[opcode];
  case 3:
    return 'B';
  case 2:
  case 5:
  case 6:
    return 'M';
  default:
    return 'x';
  }
}

/* The same for an opcode after a vector prefix: with it, there are no jumps, and but one
 * instruction without ModRM. */
static char vector_letter(unsigned map, uint8_t opcode) {
  char letter = letter_of(map, opcode);
  if (letter == 'M' || letter == 'B' || (map == 1 && opcode == 0x77))
    return letter;
  return 'x';
}

/* C5 has one byte of payload, C4 two, 62 three. No prefix but a segment's may come before. */
static char take_vector(struct reader *reader, struct instruction *to, uint8_t prefix) {
  uint8_t payload[3] = {1, 0, 0};
  size_t count = prefix == 0xc5 ? 1 : prefix == 0xc4 ? 2 : 3;
  if (to->rex || reader->narrow)
    return 'x';
  for (size_t i = 0; i < count; i++)
    if (!take(reader, &payload[i]))
      return 'x';
  if (!take(reader, &to->opcode))
    return 'x';
  to->map = MAP_VECTOR;
  if (prefix == 0xc5)
    return vector_letter(1, to->opcode);
  if (prefix == 0xc4)
    return (payload[0] & 0x1f) <= 3 ? vector_letter(payload[0] & 0x1f, to->opcode) : 'x';
  if (payload[0] & 8 || !(payload[1] & 4)) /* newer extensions use these bits */
    return 'x';
  return vector_letter(payload[0] & 7, to->opcode);
}

static char take_two_byte(struct reader *reader, struct instruction *to) {
  if (!take(reader, &to->opcode))
    return 'x';
  to->map = MAP_0F;
  if (to->opcode != 0x38 && to->opcode != 0x3a)
    return two_byte[to->opcode];
  to->map = to->opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
  return take(reader, &to->opcode) ? letter_of(to->map == MAP_0F38 ? 2 : 3, to->opcode) : 'x';
}

static char take_opcode(struct reader *reader, struct instruction *to) {
  uint8_t opcode = 0;
  if (!take_prefixes(reader, to, &opcode))
    return 'x';
  to->opcode = opcode;
  if (opcode == 0x0f)
    return take_two_byte(reader, to);
  return one_byte[opcode] == 'E' ? take_vector(reader, to, opcode) : one_byte[opcode];
}

/* ModRM, SIB and the displacement. */
static bool take_operand(struct reader *reader, struct instruction *to) {
  if (!take(reader, &to->modrm))
    return false;
  to->has_modrm = true;
  unsigned mod = to->modrm >> 6, rm = to->modrm & 7;
  if (mod == 3)
    return true;
  if (rm == 4 && !take(reader, &to->sib))
    return false;
  unsigned base = rm == 4 ? to->sib & 7 : rm;
  if (mod == 0)
    return base != 5 || skip(reader, 4);
  return skip(reader, mod == 1 ? 1 : 4);
}

/* Opcodes of which only some ModRM bytes are instructions. */
static bool is_defined(const struct instruction *instruction) {
  unsigned reg = instruction->modrm >> 3 & 7;
  if (instruction->map != MAP_ONE_BYTE)
    return true;
  switch (instruction->opcode) {
  case 0x8f: /* else it is AMD's XOP */
    return reg == 0;
  case 0xc6:
  case 0xc7: /* else it is XABORT, XBEGIN */
    return reg == 0 || instruction->modrm == 0xf8;
  case 0xfe:
    return reg <= 1;
  case 0xff:
    return reg <= 6;
  default:
    return true;
  }
}

static bool skip_immediate(struct reader *reader, const struct instruction *to, char letter) {
  bool wide = to->rex & REX_W;
  size_t word = reader->narrow && !wide ? 2 : 4;
  switch (letter) {
  case 'b':
  case 'B':
    return skip(reader, 1);
  case 'w':
    return skip(reader, 2);
  case 'e':
    return skip(reader, 3);
  case 'z':
  case 'Z':
    return skip(reader, word);
  case 'v':
    return skip(reader, wide ? 8 : word);
  case 'o':
    return skip(reader, reader->address ? 4 : 8);
  case 'j': /* with the prefix, processors of Intel and AMD differ */
    return word == 4 && skip(reader, 4);
  case 'T': /* only TEST has an immediate */
    return (to->modrm >> 3 & 7) > 1 || skip(reader, to->opcode == 0xf6 ? 1 : word);
  default:
    return true;
  }
}

static bool has_operand(char letter) {
  return letter == 'M' || letter == 'B' || letter == 'Z' || letter == 'T';
}

bool instruction_decode(const uint8_t *code, size_t available, struct instruction *instruction) {
  struct reader reader = {.code = code, .available = available};
  *instruction = (struct instruction){.map = MAP_ONE_BYTE};
  char letter = take_opcode(&reader, instruction);
  if (letter == 'x')
    return false;
  if (has_operand(letter) && !(take_operand(&reader, instruction) && is_defined(instruction)))
    return false;
  if (!skip_immediate(&reader, instruction, letter))
    return false;
  instruction->size = (uint8_t)reader.at;
  return true;
}

size_t instruction_length(const uint8_t *code, size_t available) {
  struct instruction instruction;
  return instruction_decode(code, available, &instruction) ? instruction.size : 0;
}
