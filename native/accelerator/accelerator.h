/* Calls that only look at files, answered inside of the traced process (docs/accelerator.md). What
 * isn't accelerated is traced as it would be without. */
#ifndef RPZ_ACCELERATOR_H
#define RPZ_ACCELERATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct task;
struct notice;

enum acceleration {
  ACCELERATE_NEVER,
  ACCELERATE_OFTEN, /* processes that look at more than a few files */
  ACCELERATE_ALL,   /* at their first look */
  ACCELERATE_CHECK, /* as OFTEN, and some processes are traced both ways to compare */
};

/* How a task has come, or may come, to be accelerated. */
struct start {
  enum { START_LATER, START_WANTED, START_MADE, START_DONE, START_REFUSED } state;
  unsigned looks;              /* that we were told of since its program was started */
  unsigned enough;             /* as many of them as it takes to try; 0: the usual */
  bool patched;                /* its memory is a copy of an accelerated process's */
  uint64_t clock;              /* where that has the kernel's clock_gettime */
  struct injection *injection; /* while it is being made */
};

/* Which calls were seen which way. */
struct ways {
  uint64_t stops;
  uint64_t notices;
  uint64_t logged;      /* inside of the process */
  uint64_t repeated;    /* inside of the process, and known already */
  uint64_t accelerated; /* processes */
  uint64_t compared;    /* looks that were traced both ways */
  uint64_t different;
};

void accelerator_choose(enum acceleration wanted);
/* Keep in FOLDER what takes a while to find out of a library. */
void accelerator_keep_in(const char *folder);
/* Before the filter is made. */
void accelerator_open(void);
/* Whether the filter is to have a gate. */
bool accelerator_is_open(void);
/* No process is to be accelerated, as there are no notices. */
void accelerator_close(void);

/* A task waits in a call. True: it was for us, and is answered. */
bool accelerator_answers(struct task *task, const struct notice *notice);
/* That call was seen. True: the task is to be stopped at its end, to be accelerated. */
bool accelerator_wants(struct task *task, const struct notice *notice);
/* It has been. True: it goes on to do what that takes. */
bool accelerator_begins(struct task *task);
/* A task has stopped at a call. True: it was the end of that, and it is to go on. */
bool accelerator_ends(struct task *task, uint64_t number, const uint64_t *args);

/* See what all have done so far. */
void accelerator_catch_up_all(void);
/* See all that was done by now, and nothing from here on. */
void accelerator_end(void);
/* What names lead to changes: what was said before has to be said again. */
void accelerator_forget(void);
/* TASK is in another folder, or has another root; all processes may. */
void accelerator_moved(const struct task *task);
void accelerator_moved_all(void);
/* CHILD of PARENT, which is not to run yet, was made: a thread, or a process. */
void accelerator_add(struct task *child, struct task *parent);
/* PARENT, which has made CHILD, doesn't sleep until that has a program of its own or ends. */
void accelerator_awake(const struct task *child, struct task *parent);
/* A new thread has stopped before it runs. */
void accelerator_add_thread(struct task *task);
/* TASK is about to replace its program; it has; it ends. */
void accelerator_leave(struct task *task);
/* TASK is never to be accelerated from here on. */
void accelerator_stop(struct task *task);
/* No process is. */
void accelerator_stop_all(void);

void accelerator_count_stop(void);
void accelerator_count_notice(void);
const struct ways *accelerator_ways(void);

#endif
