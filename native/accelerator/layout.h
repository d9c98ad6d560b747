/* What a traced process and the tracer share: where it lies in the process, and what is in it. The
 * addresses are the same in all processes, so that the filter can know the gate by its own. They
 * are where the kernel puts libraries, below the lowest place that it chooses for the first:
 * nothing else expects to find memory there, sanitizers' shadows included. */
#ifndef RPZ_LAYOUT_H
#define RPZ_LAYOUT_H

#include <stdint.h>

#define AREA UINT64_C(0x7e9000000000)
/* The page whose `syscall` instruction the filter lets look at files. */
#define GATE AREA
#define GATE_SIZE UINT64_C(0x1000)
/* What holds for all processes: written by the tracer, read by them. */
#define COMMON (AREA + UINT64_C(0x1000))
/* The code that makes the calls and keeps the log. */
#define STUB (AREA + UINT64_C(0x2000))
#define STUB_SIZE UINT64_C(0x2000)
/* At its end what a child of an accelerated process runs to become so: see bootstrap.c. */
#define BOOTSTRAP (STUB + UINT64_C(0x1800))
#define CODE_SIZE UINT64_C(0x4000) /* the three */
/* What is a process's own, and empty in its children. */
#define PRIVATE (AREA + UINT64_C(0x10000))
#define PRIVATE_SIZE UINT64_C(0xa000)
/* The log that is shared with the tracer. */
#define LOG (AREA + UINT64_C(0x100000))
#define AREA_SIZE (UINT64_C(0x100000) + LOG_SIZE)

/* In the place of paths: what is asked of the tracer. Nothing is ever mapped there. */
#define ASK_FOR_CODE (AREA + UINT64_C(0x8000))
#define ASK_FOR_LOG (AREA + UINT64_C(0x8020))
#define ASK_FOR_FOLDER (AREA + UINT64_C(0x8008))
#define ASK_TO_SEE (AREA + UINT64_C(0x8018))
#define TELL_OF_AREA (AREA + UINT64_C(0x8010))

enum { LONGEST_PATH = 4096, SLOTS = 16, RING_SIZE = 1 << 18, LOG_HEADER_SIZE = 4096 };
#define LOG_SIZE ((uint64_t)LOG_HEADER_SIZE + (uint64_t)SLOTS * RING_SIZE)

struct common {
  uint64_t epoch; /* another after each change of what names lead to */
};

enum { SEEN = 4096, SEEN_FIRST = 256, FOLDERS = 512 };

struct private {
  uint32_t live; /* zero in a child, whose calls the tracer is to be told of */
  uint32_t count;
  uint64_t folders[FOLDERS]; /* hashes of those that the tracer knows the paths of */
  uint64_t seen[SEEN];       /* hashes of what was said already */
};

/* One call that a thread has made; the next one follows. */
struct entry {
  uint32_t size; /* a multiple of 8, or WRAP */
  uint16_t number;
  uint16_t length; /* of the path */
  int32_t dirfd;
  int32_t result;
  uint32_t flags;
  uint32_t mode;   /* of the file, where the call has told it; or 0 */
  uint64_t time;   /* nanoseconds of CLOCK_MONOTONIC; 0: not known */
  uint64_t device; /* the folder behind dirfd, if the path is relative to one */
  uint64_t inode;
  uint64_t opened_device; /* the folder that was opened, if one was */
  uint64_t opened_inode;
  char path[]; /* with its NUL */
};

enum { WRAP = 0xffffff }; /* the rest of the ring is not used: go on at its begin */

/* Room for an entry of any path, and for the rest of the ring that it doesn't fit into. */
enum { ENTRY_LIMIT = sizeof(struct entry) + LONGEST_PATH + 8, ROOM = 2 * ENTRY_LIMIT };

/* Of one thread. It alone writes `head`, the tracer alone `tail`. */
struct slot {
  uint64_t head; /* bytes that were ever written */
  uint64_t tail; /* bytes that were ever read, or less */
  uint64_t logged;
  uint64_t repeated; /* calls that had been logged before */
  uint32_t busy;     /* it is being written: a signal's handler must not */
  uint32_t thread;   /* its number in the trace */
  uint32_t unused[6];
};

struct log {
  uint64_t clock;       /* where the process has the kernel's clock_gettime; 0: nowhere */
  uint32_t off;         /* calls are to stop: others use this memory */
  uint32_t check;       /* all calls are to stop, and be logged nevertheless */
  uint64_t keys[SLOTS]; /* whose they are: threads' pointers; 0: nobody's */
  struct slot slots[SLOTS];
};

#endif
