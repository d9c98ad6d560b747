#include "frames.h"

#include <stdlib.h>
#include <string.h>

/* How addresses are written: a form and what they count from (DWARF extensions of the LSB). */
enum {
  FORM_ABSOLUTE = 0x00,
  FORM_UDATA4 = 0x03,
  FORM_UDATA8 = 0x04,
  FORM_SDATA4 = 0x0b,
  FORM_SDATA8 = 0x0c,
  FROM_HERE = 0x10,
  FROM_TABLE = 0x30,
  FORM_MASK = 0x0f,
};

/* Longer ones say nothing that these don't, and would be read again and again. */
enum { LONGEST_NUMBER = 10, LONGEST_AUGMENTATION = 8 };

/* What linkers write: the version and the three encodings, the frames' address, the count. */
struct header {
  uint8_t version;
  uint8_t frames_encoding;
  uint8_t count_encoding;
  uint8_t table_encoding;
  int32_t frames;
  uint32_t count;
};

struct row {
  int32_t begin;
  int32_t frame;
};

/* Bytes of the image still to be read, and their address. */
struct cursor {
  const uint8_t *bytes;
  uint64_t left;
  uint64_t address;
};

/* The frames of one compiler share a description: it is read once. */
struct description {
  uint64_t address;
  uint8_t encoding;
  bool is_of_signals;
};

static bool take(struct cursor *cursor, void *to, size_t size) {
  if (size > cursor->left)
    return false;
  if (to)
    memcpy(to, cursor->bytes, size);
  cursor->bytes += size;
  cursor->left -= size;
  cursor->address += size;
  return true;
}

/* LEB128 numbers aren't needed, only what follows them. */
static bool skip_number(struct cursor *cursor) {
  uint8_t byte;
  for (int i = 0; i < LONGEST_NUMBER; i++) {
    if (!take(cursor, &byte, 1))
      return false;
    if (!(byte & 0x80))
      return true;
  }
  return false;
}

/* A record of .eh_frame: a length, then as many bytes. */
static bool open_record(const struct image *image, uint64_t address, struct cursor *record) {
  uint32_t length;
  const uint8_t *bytes = image_at(image, address, sizeof length);
  if (!bytes)
    return false;
  memcpy(&length, bytes, sizeof length);
  bytes = image_at(image, address + sizeof length, length);
  *record = (struct cursor){.bytes = bytes, .left = length, .address = address + sizeof length};
  return bytes && length && length != UINT32_MAX;
}

static size_t size_of(uint8_t encoding) {
  switch (encoding & FORM_MASK) {
  case FORM_UDATA4:
  case FORM_SDATA4:
    return 4;
  case FORM_ABSOLUTE:
  case FORM_UDATA8:
  case FORM_SDATA8:
    return 8;
  default:
    return 0;
  }
}

static bool skip_personality(struct cursor *cursor) {
  uint8_t encoding;
  return take(cursor, &encoding, 1) && size_of(encoding) && take(cursor, NULL, size_of(encoding));
}

/* What each letter of the augmentation adds, in its order: 'R' is the encoding looked for. */
static bool read_augmentation(struct cursor *cursor, const char *letters, struct description *to) {
  for (; *letters; letters++)
    switch (*letters) {
    case 'R':
      if (!take(cursor, &to->encoding, 1))
        return false;
      break;
    case 'L':
      if (!take(cursor, NULL, 1))
        return false;
      break;
    case 'P':
      if (!skip_personality(cursor))
        return false;
      break;
    case 'S':
      to->is_of_signals = true;
      break;
    default:
      return false;
    }
  return true;
}

/* A CIE: how the frames that name it write addresses. */
static bool read_description(const struct image *image, struct description *to) {
  struct cursor cursor;
  uint32_t zero;
  uint8_t version;
  to->encoding = FORM_ABSOLUTE;
  to->is_of_signals = false;
  if (!open_record(image, to->address, &cursor) || !take(&cursor, &zero, sizeof zero) || zero ||
      !take(&cursor, &version, 1) || (version != 1 && version != 3))
    return false;
  const char *letters = (const char *)cursor.bytes;
  size_t limit = cursor.left > LONGEST_AUGMENTATION ? LONGEST_AUGMENTATION + 1 : cursor.left;
  size_t length = strnlen(letters, limit);
  if (length > LONGEST_AUGMENTATION || !take(&cursor, NULL, length + 1))
    return false;
  /* The alignments of code and data, and the register of the return address. */
  if (!skip_number(&cursor) || !skip_number(&cursor) || !skip_number(&cursor))
    return false;
  if (!length)
    return true;
  return *letters == 'z' && skip_number(&cursor) && read_augmentation(&cursor, letters + 1, to);
}

static bool read_value(struct cursor *cursor, uint8_t form, uint64_t *value) {
  int32_t narrow = 0;
  bool is_signed = (form & FORM_MASK) == FORM_SDATA4;
  if (size_of(form) == 8)
    return take(cursor, value, 8);
  if (!size_of(form) || !take(cursor, &narrow, 4))
    return false;
  *value = is_signed ? (uint64_t)(int64_t)narrow : (uint64_t)(uint32_t)narrow;
  return true;
}

/* An FDE: where a function begins and how long it is. That of a signal's return begins before the
 * first instruction of it (its return address is no call's), so it is of no use: an empty range. */
static bool read_frame(const struct image *image, uint64_t address, struct description *known,
                       struct range *range) {
  struct cursor cursor;
  uint32_t back;
  uint64_t begin, size;
  if (!open_record(image, address, &cursor))
    return false;
  uint64_t description = cursor.address;
  if (!take(&cursor, &back, sizeof back) || !back)
    return false;
  description -= back;
  if (description != known->address) {
    known->address = description;
    if (!read_description(image, known))
      return false;
  }
  uint8_t from = known->encoding & (uint8_t)~FORM_MASK;
  uint64_t here = cursor.address;
  if ((from && from != FROM_HERE) || !read_value(&cursor, known->encoding, &begin) ||
      !read_value(&cursor, known->encoding & FORM_MASK, &size))
    return false;
  range->begin = begin + (from ? here : 0);
  range->end = known->is_of_signals ? range->begin : range->begin + size;
  return range->end >= range->begin;
}

static bool read_rows(const struct image *image, uint64_t table, const uint8_t *rows,
                      struct ranges *found, size_t count) {
  struct description known = {.address = UINT64_MAX};
  for (size_t i = 0; i < count; i++) {
    struct row row;
    struct range *range = &found->items[found->count];
    memcpy(&row, rows + i * sizeof row, sizeof row);
    if (!read_frame(image, table + (uint64_t)(int64_t)row.frame, &known, range) ||
        range->begin != table + (uint64_t)(int64_t)row.begin)
      return false;
    found->count += range->end != range->begin;
  }
  return true;
}

bool frames_find(const struct image *image, struct ranges *found) {
  struct header header;
  const Elf64_Phdr *segment = image_segment(image, PT_GNU_EH_FRAME);
  *found = (struct ranges){0};
  if (!segment)
    return true;
  const uint8_t *bytes = image_at(image, segment->p_vaddr, segment->p_filesz);
  if (!bytes || segment->p_filesz < sizeof header)
    return false;
  memcpy(&header, bytes, sizeof header);
  if (header.version != 1 || size_of(header.frames_encoding) != 4 ||
      header.count_encoding != FORM_UDATA4 || header.table_encoding != (FROM_TABLE | FORM_SDATA4) ||
      header.count > (segment->p_filesz - sizeof header) / sizeof(struct row))
    return false;
  found->items = calloc(header.count + 1, sizeof *found->items);
  return found->items &&
         read_rows(image, segment->p_vaddr, bytes + sizeof header, found, header.count);
}
