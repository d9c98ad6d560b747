/* What the parts of the accelerator share. */
#ifndef RPZ_ACCELERATOR_PROCESS_H
#define RPZ_ACCELERATOR_PROCESS_H

#include "accelerator.h"
#include "comparison.h"
#include "layout.h"
#include "log.h"

#include "../look.h"

struct call;

/* An accelerated process. Its threads have it in common; other processes may share its memory. */
struct accelerated {
  bool damaged;     /* its log: nothing of that is read any more */
  bool copied;      /* a child has, or has had, the log, too */
  bool check;       /* it is traced both ways */
  struct log *log;  /* NULL: the process is gone, or has another program */
  int log_fd;       /* negative: it was closed */
  bool off;         /* for good */
  unsigned sharers; /* other processes that use its memory now */
  unsigned users;   /* tasks that refer to this */
  pid_t tids[SLOTS];
  log_position read[SLOTS];
  uint32_t number; /* in the trace */
  uint64_t clock;  /* where it has the kernel's clock_gettime; 0: nowhere */
  struct place place;
  struct comparison comparison; /* of one that is traced both ways */
  struct accelerated *next;
};

/* All of them. */
extern struct accelerated *accelerated_processes;
extern struct ways accelerator_counts;

enum acceleration accelerator_mode(void);
/* There is one more, or one less. */
void count_accelerated(int difference);

/* No more entries than this are in a thread's log at a time: what comes later is not waited for. */
enum { FULL = RING_SIZE / sizeof(struct entry) + 1 };

/* See what a thread has logged, LIMIT calls at most. Return how many there were. */
size_t catch_up(struct accelerated *process, size_t slot, size_t limit);
/* Of all of a process's threads. */
size_t catch_up_with(struct accelerated *process, size_t limit);
/* Logs are read while processes go on, from now on. */
void start_reading(void);
/* Add a call in which TASK waits to one of the LOOKS that are compared. */
void compare_call(struct task *task, const struct call *call, struct looks *looks);
/* A process that was traced both ways has ended. */
void end_comparison(struct accelerated *process);
/* What its threads have logged. */
void count_logged(const struct accelerated *process);
/* No call of a process is to be logged any more. */
void turn_off(struct accelerated *process);
/* TASK, which waits, has the thread pointer KEY. */
void add_thread(struct accelerated *process, const struct task *task, uint64_t key);
/* TASK's start ends, with or without success. */
void abandon_start(struct task *task);

#endif
