#include "flow.h"

#include "length.h"
#include "symbols.h"

#include <stdlib.h>
#include <string.h>

/* What an instruction does to the flow of control. */
enum kind { GOES_ON, BRANCHES, JUMPS, CALLS, STOPS, JUMPS_ANYWHERE };

static enum kind kind_of_group_ff(const struct instruction *instruction) {
  switch (instruction->modrm >> 3 & 7) {
  case 2:
  case 3:
    return CALLS;
  case 4:
  case 5:
    return JUMPS_ANYWHERE;
  default:
    return GOES_ON;
  }
}

static enum kind kind_of_one_byte(const struct instruction *instruction) {
  uint8_t opcode = instruction->opcode;
  if (opcode >> 4 == 7 || (opcode >= 0xe0 && opcode <= 0xe3))
    return BRANCHES;
  switch (opcode) {
  case 0xc7: /* XBEGIN */
    return instruction->modrm == 0xf8 ? BRANCHES : GOES_ON;
  case 0xe8:
    return CALLS;
  case 0xe9:
  case 0xeb:
    return JUMPS;
  case 0xc2:
  case 0xc3:
  case 0xca:
  case 0xcb:
  case 0xcf:
  case 0xf4:
    return STOPS;
  case 0xff:
    return kind_of_group_ff(instruction);
  default:
    return GOES_ON;
  }
}

static enum kind kind_of(const struct instruction *instruction) {
  if (instruction->map == MAP_ONE_BYTE)
    return kind_of_one_byte(instruction);
  if (instruction->map != MAP_0F)
    return GOES_ON;
  if (instruction->opcode >> 4 == 8)
    return BRANCHES;
  return instruction->opcode == 0x0b ? STOPS : GOES_ON; /* UD2 */
}

/* Where a direct jump or call goes: its last 1 or 4 bytes count from its end. */
static bool target_of(const struct flow *flow, uint64_t at, const struct instruction *instruction,
                      uint64_t *target) {
  enum kind kind = kind_of(instruction);
  bool is_direct = kind == BRANCHES || kind == JUMPS || (kind == CALLS && !instruction->has_modrm);
  bool is_short = instruction->map == MAP_ONE_BYTE && instruction->opcode != 0xe8 &&
                  instruction->opcode != 0xe9 && instruction->opcode != 0xc7;
  uint64_t end = at + instruction->size;
  int32_t distance = 0;
  if (!is_direct)
    return false;
  if (is_short)
    distance = (int8_t)flow->code[end - 1];
  else
    memcpy(&distance, flow->code + end - sizeof distance, sizeof distance);
  *target = end + (uint64_t)(int64_t)distance;
  return *target < flow->size;
}

static bool decode(const struct flow *flow, uint64_t at, uint64_t end,
                   struct instruction *instruction) {
  return instruction_decode(flow->code + at, end - at, instruction);
}

/* Whether instructions that are known fill a function to its last byte. */
static bool mark_begins(struct flow *flow, uint64_t begin, uint64_t end) {
  struct instruction instruction;
  for (uint64_t at = begin; at < end; at += instruction.size) {
    if (!decode(flow, at, end, &instruction))
      return false;
    flow->marks[at] |= FLOW_BEGIN;
  }
  return true;
}

/* A jump from another range may be one between the parts of a function that the compiler has torn
 * apart, and what has been called there isn't known. */
static void mark_targets(struct flow *flow, uint64_t begin, uint64_t end) {
  struct instruction instruction;
  uint64_t target;
  for (uint64_t at = begin; at < end; at += instruction.size) {
    if (!decode(flow, at, end, &instruction))
      return;
    if (!target_of(flow, at, &instruction, &target))
      continue;
    bool is_call = kind_of(&instruction) == CALLS, is_own = target >= begin && target < end;
    flow->marks[target] |= FLOW_TARGET;
    flow->marks[target] |= is_call ? FLOW_CALLED : 0;
    flow->marks[target] |= is_call || !is_own ? FLOW_AFTER_CALL : 0;
  }
}

/* What is called or exported is a function, and a jump to its begin is a call that doesn't come
 * back; else the range may be a part of another function. */
static void settle_begin(uint8_t *mark) {
  if (*mark & FLOW_CALLED)
    *mark &= (uint8_t)~FLOW_AFTER_CALL;
}

/* What is exported is a function, too. */
static bool mark_symbols(struct flow *flow, const struct image *image) {
  struct ranges symbols;
  bool found = symbols_find(image, &symbols);
  for (size_t i = 0; i < symbols.count && found; i++)
    if (symbols.items[i].begin - flow->text < flow->size)
      flow->marks[symbols.items[i].begin - flow->text] |= FLOW_CALLED;
  ranges_free(&symbols);
  return found;
}

bool flow_open(struct flow *flow, const struct image *image, const struct ranges *ranges) {
  const Elf64_Phdr *text = image_text(image);
  flow->code = image->bytes + text->p_offset;
  flow->text = text->p_vaddr;
  flow->size = text->p_filesz;
  flow->ranges = ranges;
  flow->marks = calloc(flow->size ? flow->size : 1, 1);
  if (!flow->marks || !mark_symbols(flow, image))
    return false;
  for (size_t i = 0; i < ranges->count; i++) {
    uint64_t begin = ranges->items[i].begin - flow->text, end = ranges->items[i].end - flow->text;
    if (!mark_begins(flow, begin, end))
      for (uint64_t at = begin; at < end; at++)
        flow->marks[at] &= (uint8_t)~FLOW_BEGIN;
    mark_targets(flow, begin, end);
  }
  for (size_t i = 0; i < ranges->count; i++)
    settle_begin(&flow->marks[ranges->items[i].begin - flow->text]);
  return true;
}

static int compare_begin(const void *address, const void *range) {
  uint64_t wanted = *(const uint64_t *)address, begin = ((const struct range *)range)->begin;
  return wanted < begin ? -1 : wanted > begin;
}

/* Whether an instruction of a function may leave it for its caller. */
static bool may_leave(const struct flow *flow, uint64_t at, uint64_t begin, uint64_t end,
                      const struct instruction *instruction) {
  enum kind kind = kind_of(instruction);
  uint64_t target;
  if (kind == STOPS || kind == JUMPS_ANYWHERE)
    return true;
  if (kind != JUMPS && kind != BRANCHES)
    return false;
  return !target_of(flow, at, instruction, &target) || target < begin || target >= end;
}

/* Whether a direct call comes back, as far as can be seen: not from a function without a return and
 * without a jump out of it, the last instruction of which is a call (that doesn't come back, then)
 * or a jump. */
static bool comes_back(const struct flow *flow, uint64_t at, const struct instruction *call) {
  struct instruction instruction;
  uint64_t target;
  if (!target_of(flow, at, call, &target))
    return true;
  target += flow->text;
  const struct range *range = bsearch(&target, flow->ranges->items, flow->ranges->count,
                                      sizeof *flow->ranges->items, compare_begin);
  if (!range)
    return true;
  uint64_t begin = range->begin - flow->text, end = range->end - flow->text;
  enum kind last = GOES_ON;
  for (uint64_t next = begin; next < end; next += instruction.size) {
    if (!decode(flow, next, end, &instruction) || may_leave(flow, next, begin, end, &instruction))
      return true;
    last = kind_of(&instruction);
  }
  return last != CALLS && last != JUMPS;
}

/* Hand on what is known at one instruction to those that may come next. Return whether one of them
 * that has been gone through already has learnt something. */
static bool hand_on(struct flow *flow, uint64_t at, uint64_t begin, uint64_t end,
                    const struct instruction *instruction) {
  enum kind kind = kind_of(instruction);
  uint64_t next = at + instruction->size, target;
  bool is_after = flow->marks[at] & FLOW_AFTER_CALL, is_news = false;
  bool goes_on = kind == CALLS ? comes_back(flow, at, instruction) : kind != JUMPS && kind != STOPS;
  if (goes_on && next < end && (is_after || kind == CALLS))
    flow->marks[next] |= FLOW_AFTER_CALL;
  if (is_after && kind != CALLS && target_of(flow, at, instruction, &target) && target >= begin &&
      target < end && !(flow->marks[target] & FLOW_AFTER_CALL)) {
    flow->marks[target] |= FLOW_AFTER_CALL;
    is_news = target <= at;
  }
  return is_news;
}

/* A compiler's jumps lead back but a few times before there is no news. */
enum { MAX_PASSES = 32 };

bool flow_follow(struct flow *flow, const struct range *range) {
  uint64_t begin = range->begin - flow->text, end = range->end - flow->text;
  struct instruction instruction;
  bool is_news = true;
  for (int passes = 0; is_news; passes++) {
    if (passes == MAX_PASSES)
      return false;
    is_news = false;
    for (uint64_t at = begin; at < end; at += instruction.size) {
      if (!(flow->marks[at] & FLOW_BEGIN) || !decode(flow, at, end, &instruction) ||
          kind_of(&instruction) == JUMPS_ANYWHERE)
        return false;
      is_news |= hand_on(flow, at, begin, end, &instruction);
    }
  }
  return true;
}

void flow_free(struct flow *flow) {
  free(flow->marks);
  flow->marks = NULL;
}
