#include "sites.h"

#include "flow.h"
#include "length.h"
#include "movable.h"

#include <string.h>

enum { MOV_SIZE = 5, MOV_EAX = 0xb8, SYSCALL = 0x05 };

/* The calls looked for. */
struct numbers {
  const uint32_t *items;
  size_t count;
};

static bool is_wanted(const struct numbers *numbers, uint32_t number) {
  for (size_t i = 0; i < numbers->count; i++)
    if (numbers->items[i] == number)
      return true;
  return false;
}

/* `mov N(%rsp),%rax`, which has 5 bytes, too. Functions that compare the instruction pointer with
 * addresses of theirs (__syscall_cancel_arch, __syscall_cp_asm) have the number in a register. */
static const uint8_t mov_rax[] = {0x48, 0x8b, 0x44, 0x24};

static bool is_load(const uint8_t *code) { return memcmp(code, mov_rax, sizeof mov_rax) == 0; }

static bool is_mov(const uint8_t *code, uint64_t available, const struct numbers *numbers) {
  uint32_t number;
  if (available < MOV_SIZE)
    return false;
  if (is_load(code))
    return is_wanted(numbers, ANY_NUMBER);
  memcpy(&number, code + 1, sizeof number);
  return *code == MOV_EAX && number != ANY_NUMBER && is_wanted(numbers, number);
}

/* The mov at AT and what comes after it, up to the syscall. False: something comes between that
 * can't be moved. */
static bool read_site(const struct flow *flow, uint64_t at, uint64_t end, struct site *site) {
  struct instruction instruction;
  uint64_t from = at + MOV_SIZE;
  *site = (struct site){.address = flow->text + at};
  memcpy(&site->number, flow->code + at + 1, sizeof site->number);
  if (is_load(flow->code + at)) {
    site->number = ANY_NUMBER;
    from = at;
  }
  for (uint64_t next = at + MOV_SIZE; next - from <= MAX_BETWEEN; next += instruction.size) {
    if (!instruction_decode(flow->code + next, end - next, &instruction))
      return false;
    if (instruction.map == MAP_0F && instruction.opcode == SYSCALL && instruction.size == 2) {
      site->back = flow->text + next + instruction.size;
      site->between_size = (uint8_t)(next - from);
      memcpy(site->between, flow->code + from, site->between_size);
      return true;
    }
    if (!instruction_is_movable(&instruction))
      return false;
  }
  return false;
}

/* A jump to the mov itself is one to the redirection; one into it would find half of a jump. */
static bool is_jumped_into(const struct flow *flow, uint64_t at) {
  for (uint64_t next = at + 1; next < at + MOV_SIZE; next++)
    if (flow->marks[next] & FLOW_TARGET)
      return true;
  return false;
}

/* False: there are more than the table holds. */
static bool add_sites(struct flow *flow, const struct range *range, const struct numbers *numbers,
                      struct site_table *table) {
  uint64_t begin = range->begin - flow->text, end = range->end - flow->text;
  bool is_followed = false;
  struct site site;
  for (uint64_t at = begin; at < end; at++) {
    if (!(flow->marks[at] & FLOW_BEGIN) || !is_mov(flow->code + at, end - at, numbers) ||
        !read_site(flow, at, end, &site) || is_jumped_into(flow, at))
      continue;
    if (!is_followed && !flow_follow(flow, range))
      return true;
    is_followed = true;
    if (flow->marks[at] & FLOW_AFTER_CALL)
      continue;
    if (table->count == MAX_SITES)
      return false;
    table->sites[table->count++] = site;
  }
  return true;
}

/* Most libraries make no call themselves: they needn't be decoded. */
static bool may_have_sites(const uint8_t *code, uint64_t size, const struct numbers *numbers) {
  for (uint64_t at = 0; at + MOV_SIZE < size; at++)
    if ((code[at] == MOV_EAX || code[at] == mov_rax[0]) && is_mov(code + at, size - at, numbers))
      return true;
  return false;
}

static bool fill(const struct image *image, const struct ranges *ranges,
                 const struct numbers *numbers, struct site_table *table) {
  struct flow flow;
  bool is_whole = flow_open(&flow, image, ranges);
  for (size_t i = 0; i < ranges->count && is_whole; i++)
    is_whole = add_sites(&flow, &ranges->items[i], numbers, table);
  flow_free(&flow);
  return is_whole && table->count;
}

bool sites_find(const uint8_t *bytes, size_t size, const uint32_t *numbers, size_t count,
                struct site_table *table) {
  struct image image;
  struct ranges ranges;
  const struct numbers wanted = {numbers, count};
  *table = (struct site_table){0};
  if (!image_open(&image, bytes, size))
    return false;
  const Elf64_Phdr *text = image_text(&image);
  if (!text || !may_have_sites(bytes + text->p_offset, text->p_filesz, &wanted) ||
      !ranges_find(&image, &ranges))
    return false;
  table->text = text->p_vaddr;
  table->text_size = text->p_filesz;
  table->text_offset = text->p_offset;
  table->build_id_size = image_build_id(&image, table->build_id, sizeof table->build_id);
  bool found = fill(&image, &ranges, &wanted, table);
  ranges_free(&ranges);
  return found;
}
