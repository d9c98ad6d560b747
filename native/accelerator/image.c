#include "image.h"

#include <string.h>

static bool is_within(uint64_t offset, uint64_t size, uint64_t whole) {
  return offset <= whole && size <= whole - offset;
}

static bool is_of_this_kind(const Elf64_Ehdr *header) {
  return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64 &&
         header->e_ident[EI_DATA] == ELFDATA2LSB && header->e_machine == EM_X86_64 &&
         (header->e_type == ET_DYN || header->e_type == ET_EXEC) &&
         header->e_phentsize == sizeof(Elf64_Phdr);
}

/* Addresses that go round the end of the address space are nobody's. */
static bool is_sane(const struct image *image, const Elf64_Phdr *segment) {
  return segment->p_type != PT_LOAD ||
         (is_within(segment->p_offset, segment->p_filesz, image->size) &&
          segment->p_filesz <= segment->p_memsz &&
          is_within(segment->p_vaddr, segment->p_memsz, UINT64_MAX / 2));
}

bool image_open(struct image *image, const uint8_t *bytes, size_t size) {
  Elf64_Ehdr header;
  *image = (struct image){.bytes = bytes, .size = size};
  if (size < sizeof header)
    return false;
  memcpy(&header, bytes, sizeof header);
  image->count = header.e_phnum;
  if (!is_of_this_kind(&header) || image->count > MAX_SEGMENTS ||
      !is_within(header.e_phoff, image->count * sizeof(Elf64_Phdr), size))
    return false;
  memcpy(image->segments, bytes + header.e_phoff, image->count * sizeof(Elf64_Phdr));
  for (size_t i = 0; i < image->count; i++)
    if (!is_sane(image, &image->segments[i]))
      return false;
  return true;
}

const uint8_t *image_at(const struct image *image, uint64_t address, uint64_t size) {
  for (size_t i = 0; i < image->count; i++) {
    const Elf64_Phdr *segment = &image->segments[i];
    if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
        is_within(address - segment->p_vaddr, size, segment->p_filesz))
      return image->bytes + segment->p_offset + (address - segment->p_vaddr);
  }
  return NULL;
}

const Elf64_Phdr *image_segment(const struct image *image, uint32_t type) {
  for (size_t i = 0; i < image->count; i++)
    if (image->segments[i].p_type == type)
      return &image->segments[i];
  return NULL;
}

const Elf64_Phdr *image_text(const struct image *image) {
  const Elf64_Phdr *text = NULL;
  for (size_t i = 0; i < image->count; i++) {
    const Elf64_Phdr *segment = &image->segments[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
      continue;
    if (text)
      return NULL;
    text = segment;
  }
  if (!text || text->p_flags & PF_W || text->p_filesz != text->p_memsz)
    return NULL;
  return text;
}

static uint64_t padded(uint32_t size) { return ((uint64_t)size + 3) & ~UINT64_C(3); }

/* The notes of one segment: sizes of name and content, a type, a name, a content. */
static size_t find_build_id(const uint8_t *notes, uint64_t size, uint8_t *to, size_t capacity) {
  Elf64_Nhdr note;
  while (size >= sizeof note) {
    memcpy(&note, notes, sizeof note);
    uint64_t name = sizeof note, content = name + padded(note.n_namesz);
    uint64_t end = content + padded(note.n_descsz);
    if (end > size)
      return 0;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
        memcmp(notes + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0) {
      if (note.n_descsz > capacity)
        return 0;
      memcpy(to, notes + content, note.n_descsz);
      return note.n_descsz;
    }
    notes += end;
    size -= end;
  }
  return 0;
}

size_t image_build_id(const struct image *image, uint8_t *build_id, size_t capacity) {
  size_t found = 0;
  for (size_t i = 0; i < image->count && !found; i++) {
    const Elf64_Phdr *segment = &image->segments[i];
    const uint8_t *notes = image_at(image, segment->p_vaddr, segment->p_filesz);
    if (segment->p_type == PT_NOTE && notes)
      found = find_build_id(notes, segment->p_filesz, build_id, capacity);
  }
  return found;
}
