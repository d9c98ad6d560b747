#include "symbols.h"

#include <stdlib.h>
#include <string.h>

/* Addresses of tables, from PT_DYNAMIC; 0: there is none. */
struct tables {
  uint64_t symbols;
  uint64_t hash;
  uint64_t gnu_hash;
};

static void read_dynamic(const struct image *image, struct tables *tables) {
  const Elf64_Phdr *segment = image_segment(image, PT_DYNAMIC);
  const uint8_t *bytes = segment ? image_at(image, segment->p_vaddr, segment->p_filesz) : NULL;
  Elf64_Dyn entry = {.d_tag = DT_NULL};
  *tables = (struct tables){0};
  for (uint64_t at = 0; bytes && segment->p_filesz - at >= sizeof entry; at += sizeof entry) {
    memcpy(&entry, bytes + at, sizeof entry);
    if (entry.d_tag == DT_NULL)
      break;
    if (entry.d_tag == DT_SYMTAB)
      tables->symbols = entry.d_un.d_ptr;
    else if (entry.d_tag == DT_HASH)
      tables->hash = entry.d_un.d_ptr;
    else if (entry.d_tag == DT_GNU_HASH)
      tables->gnu_hash = entry.d_un.d_ptr;
  }
}

static bool read_word(const struct image *image, uint64_t address, uint32_t *word) {
  const uint8_t *bytes = image_at(image, address, sizeof *word);
  if (bytes)
    memcpy(word, bytes, sizeof *word);
  return bytes;
}

/* DT_HASH says it: the second word. */
static bool count_by_hash(const struct image *image, uint64_t hash, uint32_t *count) {
  return read_word(image, hash + 4, count);
}

/* DT_GNU_HASH doesn't: the last chain of the highest bucket ends with the last symbol. */
static bool count_by_gnu_hash(const struct image *image, uint64_t hash, uint32_t *count) {
  uint32_t buckets, first, bloom, word, last = 0;
  if (!read_word(image, hash, &buckets) || !read_word(image, hash + 4, &first) ||
      !read_word(image, hash + 8, &bloom))
    return false;
  uint64_t table = hash + 16 + (uint64_t)bloom * 8, chains = table + (uint64_t)buckets * 4;
  for (uint32_t i = 0; i < buckets; i++) {
    if (!read_word(image, table + (uint64_t)i * 4, &word))
      return false;
    last = word > last ? word : last;
  }
  *count = first;
  if (last < first)
    return last == 0;
  do
    if (!read_word(image, chains + ((uint64_t)last - first) * 4, &word) || last == UINT32_MAX)
      return false;
    else
      last++;
  while (!(word & 1));
  *count = last;
  return true;
}

static bool is_function(const Elf64_Sym *symbol) {
  unsigned type = ELF64_ST_TYPE(symbol->st_info);
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF &&
         symbol->st_size && symbol->st_size <= UINT64_MAX - symbol->st_value;
}

bool symbols_find(const struct image *image, struct ranges *found) {
  struct tables tables;
  uint32_t count = 0;
  *found = (struct ranges){0};
  read_dynamic(image, &tables);
  if (!tables.symbols || (!tables.hash && !tables.gnu_hash))
    return true;
  if (!(tables.hash ? count_by_hash(image, tables.hash, &count)
                    : count_by_gnu_hash(image, tables.gnu_hash, &count)))
    return false;
  const uint8_t *bytes = image_at(image, tables.symbols, count * sizeof(Elf64_Sym));
  found->items = bytes ? calloc((size_t)count + 1, sizeof *found->items) : NULL;
  if (!found->items)
    return false;
  for (uint32_t i = 0; i < count; i++) {
    Elf64_Sym symbol;
    memcpy(&symbol, bytes + i * sizeof symbol, sizeof symbol);
    if (is_function(&symbol))
      found->items[found->count++] =
          (struct range){symbol.st_value, symbol.st_value + symbol.st_size};
  }
  return true;
}
