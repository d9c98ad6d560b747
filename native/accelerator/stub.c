/* The code that runs inside of traced processes, in the place of the `syscall` instructions of
 * their libc. It is copied there (pages.c): so it refers to nothing outside of itself but the fixed
 * addresses of layout.h, calls no library, takes no lock, allocates nothing, uses general registers
 * only, and some 300 bytes of stack below the red zone.
 *
 * Whatever it is not sure of it leaves to the tracer, by making the call outside of the gate. */
#include "stub.h"
#include "inside.h"

#include <asm/unistd_64.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

#define IN_STUB __attribute__((section("rpz_stub_code"), used, visibility("hidden")))
/* A word of memory, wherever it begins. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_at;

#define BARRIER() __asm__ volatile("" ::: "memory")

/* The registers of a call, as the entry below has pushed them. */
struct registers {
  long r9, r8, r10, rdx, rsi, rdi, rax;
};

/* Reached from the redirected places, with a return address on the stack: everything is as the
 * `syscall` instruction would have found it, and is to be left as it would have left it. */
__asm__(".pushsection rpz_stub_code, \"ax\", @progbits\n"
        ".globl rpz_stub_entry\n"
        "rpz_stub_entry:\n"
        "  endbr64\n"
        "  push %rbp\n"
        "  mov %rsp, %rbp\n"
        "  push %rax\n"
        "  push %rdi\n"
        "  push %rsi\n"
        "  push %rdx\n"
        "  push %r10\n"
        "  push %r8\n"
        "  push %r9\n"
        "  mov %rsp, %rdi\n"
        "  and $-16, %rsp\n"
        "  call rpz_stub_look\n"
        "  lea -56(%rbp), %rsp\n"
        "  pop %r9\n"
        "  pop %r8\n"
        "  pop %r10\n"
        "  pop %rdx\n"
        "  pop %rsi\n"
        "  pop %rdi\n"
        "  leave\n"
        "  ret\n"
        ".popsection\n");

INSIDE long call_outside(const struct registers *r) {
  return call(r->rax, r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9);
}

INSIDE long call_in_gate(const struct registers *r) {
  long result;
  register long r10 __asm__("r10") = r->r10;
  register long r8 __asm__("r8") = r->r8;
  register long r9 __asm__("r9") = r->r9;
  __asm__ volatile("call *%[gate]"
                   : "=a"(result)
                   : "a"(r->rax), "D"(r->rdi), "S"(r->rsi), "d"(r->rdx), "r"(r10), "r"(r8),
                     "r"(r9), [gate] "b"(GATE)
                   : "rcx", "r11", "memory");
  return result;
}

/* What a call is about. */
struct look {
  const char *path;
  int dirfd;
  uint32_t flags;
  const uint32_t *mode; /* where it puts the file's mode, if it does */
  bool wide;            /* it has 32 bits, not 16 */
  bool opens;
};

INSIDE bool describe(const struct registers *r, struct look *look) {
  long number = r->rax;
  bool at = number == __NR_openat || number == __NR_newfstatat || number == __NR_statx ||
            number == __NR_faccessat || number == __NR_faccessat2 || number == __NR_readlinkat;
  look->path = (const char *)(at ? r->rsi : r->rdi);
  look->dirfd = at ? (int)r->rdi : AT_FDCWD;
  look->flags = 0;
  look->mode = NULL;
  look->wide = true;
  look->opens = number == __NR_openat || number == __NR_open;
  if (number == __NR_openat || number == __NR_statx)
    look->flags = (uint32_t)r->rdx;
  else if (number == __NR_open)
    look->flags = (uint32_t)r->rsi;
  else if (number == __NR_newfstatat || number == __NR_faccessat2)
    look->flags = (uint32_t)r->r10;
  if (number == __NR_newfstatat)
    look->mode = (const uint32_t *)(r->rdx + (long)offsetof(struct stat, st_mode));
  else if (number == __NR_stat || number == __NR_lstat)
    look->mode = (const uint32_t *)(r->rsi + (long)offsetof(struct stat, st_mode));
  else if (number == __NR_statx)
    look->mode = (const uint32_t *)(r->r8 + (long)offsetof(struct statx, stx_mode));
  look->wide = number != __NR_statx;
  return at || look->opens || number == __NR_stat || number == __NR_lstat ||
         number == __NR_access || number == __NR_readlink;
}

INSIDE uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

/* The length of a path that the kernel has read already, and a hash of it; -1: it has no end. A
 * word that doesn't cross a page can be read whole. */
INSIDE long measure(const char *path, uint64_t *hash) {
  const char *at = path;
  while (at - path < LONGEST_PATH) {
    if (((uintptr_t)at & 4095) <= 4088) {
      uint64_t word = *(const word_at *)(const void *)at;
      uint64_t zeros = (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
      if (zeros != 0) {
        int bytes = __builtin_ctzl(zeros) >> 3;
        if (bytes != 0)
          *hash = mix(*hash, word << (64 - 8 * bytes));
        at += bytes;
        *hash = mix(*hash, (uint64_t)(at - path));
        return at - path < LONGEST_PATH ? at - path : -1;
      }
      *hash = mix(*hash, word);
      at += 8;
    } else {
      if (*at == '\0') {
        *hash = mix(*hash, (uint64_t)(at - path));
        return at - path;
      }
      *hash = mix(*hash, (uint64_t)(unsigned char)*at << 8 | 0xff);
      at++;
    }
  }
  return -1;
}

INSIDE struct log *the_log(void) { return (struct log *)LOG; }

INSIDE uint64_t epoch_now(void) {
  return __atomic_load_n(&((const struct common *)COMMON)->epoch, __ATOMIC_ACQUIRE);
}

/* Each thread has a slot that it alone writes; it is known by its thread pointer. */
INSIDE int own_slot(const struct log *log) {
  uint64_t key;
  __asm__ volatile("mov %%fs:0, %0" : "=r"(key));
  for (int i = 0; i < SLOTS; i++)
    if (__atomic_load_n(&log->keys[i], __ATOMIC_ACQUIRE) == key)
      return i;
  return -1;
}

INSIDE bool has_room(const struct slot *slot) {
  uint64_t tail = __atomic_load_n(&slot->tail, __ATOMIC_ACQUIRE);
  return RING_SIZE - (slot->head - tail) >= ROOM;
}

struct identity {
  uint64_t device;
  uint64_t inode;
};

INSIDE bool identify(int fd, struct identity *identity) {
  struct stat status;
  if (call(__NR_fstat, fd, (long)&status, 0, 0, 0, 0) != 0)
    return false;
  identity->device = status.st_dev;
  identity->inode = status.st_ino;
  return true;
}

/* A folder may have other names in it each time that it is opened. */
INSIDE bool may_be_listed(int fd) {
  struct stat status;
  return call(__NR_fstat, fd, (long)&status, 0, 0, 0, 0) != 0 || S_ISDIR(status.st_mode);
}

/* Of a folder that a thread knows to be known: what others know may be in logs that are read later.
 */
INSIDE uint64_t hash_of(const struct identity *identity, uint64_t epoch, uint32_t thread) {
  return mix(mix(mix(mix(1, identity->device), identity->inode), epoch), thread) | 1;
}

INSIDE uint64_t *known_folder(uint64_t hash) { return &own()->folders[hash >> 32 & (FOLDERS - 1)]; }

/* Have the tracer find out which folder this is, unless it knows. False: it can't. */
INSIDE bool make_known(int dirfd, uint64_t hash) {
  if (*known_folder(hash) == hash)
    return true;
  if (call(__NR_faccessat, dirfd, (long)ASK_FOR_FOLDER, 0, 0, 0, 0) == -ESTALE)
    return false;
  *known_folder(hash) = hash;
  return true;
}

/* Where the hash is, if it was said. */
INSIDE uint64_t *seen_place(uint64_t hash) {
  struct private *mine = own();
  uint64_t mask = mine->count < SEEN_FIRST ? SEEN_FIRST - 1 : SEEN - 1;
  return &mine->seen[hash >> 20 & mask];
}

/* Only once it was: a signal's handler may leave before, for good. */
INSIDE void is_said(uint64_t hash) {
  uint64_t *seen = seen_place(hash);
  own()->count += *seen != hash;
  *seen = hash;
}

INSIDE uint64_t now(const struct log *log) {
  typedef int clock_function(clockid_t clock, struct timespec * time);
  struct timespec time;
  if (log->clock == 0 || ((clock_function *)log->clock)(CLOCK_MONOTONIC, &time) != 0)
    return 0;
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Where the next entry of SIZE bytes goes. */
INSIDE struct entry *place(struct log *log, int index, uint64_t *head, uint64_t size) {
  char *ring = (char *)log + LOG_HEADER_SIZE + (uint64_t)index * RING_SIZE;
  uint64_t offset = *head % RING_SIZE;
  if (RING_SIZE - offset < size) {
    *(uint32_t *)(void *)(ring + offset) = WRAP;
    *head += RING_SIZE - offset;
    offset = 0;
  }
  return (struct entry *)(void *)(ring + offset);
}

INSIDE void copy_path(char *to, const char *from, long length) {
  long i = 0;
  for (; i + 8 <= length; i += 8)
    *(word_at *)(void *)(to + i) = *(const word_at *)(const void *)(from + i);
  for (; i < length; i++)
    to[i] = from[i];
  to[length] = '\0';
}

/* What a call has told of a file's mode. */
INSIDE uint32_t mode_of(const struct look *look, long result) {
  if (look->mode == NULL || result != 0)
    return 0;
  return look->wide ? *look->mode : *(const uint16_t *)(const void *)look->mode;
}

/* Have the tracer see at once a call that was made. */
INSIDE void show(const struct registers *r, long result) {
  call(__NR_faccessat, AT_FDCWD, (long)ASK_TO_SEE, (long)r, result, 0, 0);
}

/* Links there lead to what a descriptor is at the moment. */
INSIDE bool is_of_the_moment(const char *path, long length) {
  typedef uint32_t __attribute__((may_alias, aligned(1))) word;
  const uint32_t proc = '/' | 'p' << 8 | 'r' << 16 | (uint32_t)'o' << 24;
  const uint32_t dev = '/' | 'd' << 8 | 'e' << 16 | (uint32_t)'v' << 24;
  return length >= 4 && (*(const word *)path == proc || *(const word *)path == dev);
}

/* Whether a call's result shows that the kernel has read the path to its end: other errors may come
 * before that. */
INSIDE bool has_read_path(const struct registers *r, long result) {
  if (result == -EINVAL) /* of what is no link; or of no room for its target */
    return (r->rax == __NR_readlink && (int)r->rdx > 0) ||
           (r->rax == __NR_readlinkat && (int)r->r10 > 0);
  return result >= 0 || result == -ENOENT || result == -ENOTDIR || result == -EACCES ||
         result == -ELOOP;
}

/* Write down a call that was made, after EPOCH had begun. */
INSIDE void log_call(const struct registers *r, const struct look *look, long result,
                     struct log *log, int index, uint64_t epoch) {
  struct slot *slot = &log->slots[index];
  struct identity folder = {0, 0}, opened = {0, 0};
  uint64_t hash = mix((uint64_t)r->rax << 32 | look->flags, slot->thread);
  bool told = look->opens && result >= 0;
  uint32_t mode = mode_of(look, result);
  hash = mix(mix(hash, told || result > 0 ? 0 : (uint64_t)result), epoch);
  long length = measure(look->path, &hash);
  if (length <= 0)
    return;
  if (is_of_the_moment(look->path, length))
    return show(r, result);
  if (look->path[0] != '/' && look->dirfd != AT_FDCWD) {
    if (!identify(look->dirfd, &folder) ||
        !make_known(look->dirfd, hash_of(&folder, epoch, slot->thread)))
      return show(r, result);
    hash = mix(mix(hash, folder.device), folder.inode);
  }
  if (*seen_place(hash) == hash && epoch == epoch_now() && !log->check &&
      !(told && may_be_listed((int)result))) {
    slot->repeated++;
    return;
  }
  if (told && (look->flags & O_DIRECTORY))
    identify((int)result, &opened);
  slot->busy = 1;
  BARRIER();
  if (!has_room(slot)) { /* a signal's handler has taken it since */
    slot->busy = 0;
    return show(r, result);
  }
  uint64_t head = slot->head;
  uint64_t size = (sizeof(struct entry) + (uint64_t)length + 1 + 7) & ~UINT64_C(7);
  struct entry *entry = place(log, index, &head, size);
  entry->size = (uint32_t)size;
  entry->number = (uint16_t)r->rax;
  entry->length = (uint16_t)length;
  entry->dirfd = look->dirfd;
  entry->result = (int32_t)result;
  entry->flags = look->flags;
  entry->mode = mode;
  entry->time = now(log);
  entry->device = folder.device;
  entry->inode = folder.inode;
  entry->opened_device = opened.device;
  entry->opened_inode = opened.inode;
  copy_path(entry->path, look->path, length);
  if (!own()->live) /* a child, made by a signal's handler: the log is the parent's */
    return;
  slot->logged++;
  __atomic_store_n(&slot->head, head + size, __ATOMIC_RELEASE);
  BARRIER();
  slot->busy = 0;
  is_said(hash);
  uint64_t opened_hash = hash_of(&opened, epoch, slot->thread);
  if (opened.inode != 0)
    *known_folder(opened_hash) = opened_hash;
}

/* open(2) for writing, or what makes or empties a file: the same as in the table of calls. */
enum { CHANGES = O_ACCMODE | O_CREAT | O_TRUNC };

/* The redirected call. */
IN_STUB long rpz_stub_look(const struct registers *r);
long rpz_stub_look(const struct registers *r) {
  struct log *log = the_log();
  struct look look;
  if (!own()->live || __atomic_load_n(&log->off, __ATOMIC_ACQUIRE) || !describe(r, &look) ||
      (look.opens && (look.flags & CHANGES)))
    return call_outside(r);
  int index = own_slot(log);
  if (index < 0 || log->slots[index].busy || !has_room(&log->slots[index]))
    return call_outside(r);
  uint64_t epoch = epoch_now(); /* what changes from here on is another's */
  long result = log->check ? call_outside(r) : call_in_gate(r);
  if (look.path == NULL)
    return result;
  if (!has_read_path(r, result))
    show(r, result);
  else if (look.path[0] != '\0')
    log_call(r, &look, result, log, index, epoch);
  return result;
}
