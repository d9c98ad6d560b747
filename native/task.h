/* The tasks (processes and threads) that are being traced. */
#ifndef RPZ_TASK_H
#define RPZ_TASK_H

#include "accelerator/accelerator.h"
#include "syscalls/calls.h"
#include "util.h"

#include <sys/stat.h>
#include <sys/types.h>

struct usage;
struct name;
struct look;
struct accelerated;

/* Something that happened if the call that is under way succeeds. */
struct event {
  enum { EVENT_FILE, EVENT_RENAME, EVENT_REMOVE, EVENT_LISTING } type;
  struct name *name;
  struct name *other; /* the new name of a rename */
  uint32_t mode;      /* or the kind of a rename */
  uint32_t flags;
  bool unasked; /* the call tells whether the file was there */
};

enum { MAX_EVENTS = 8 };

/* An exec that is under way: it is recorded when the kernel says that it was done. */
struct exec {
  struct name *program;
  struct name *folder;
  struct buffer argv;
  struct buffer environment;
  struct name *images[8]; /* what the kernel reads: program, interpreters, loader */
  size_t image_count;
  bool privileged;    /* the program has the setuid or setgid bit */
  struct stat status; /* of images[0], when it was asked for */
  bool known;         /* the kernel ran it before, and nothing but what is in `images` */
};

/* The flags of a clone3 that is under way, and where they are. */
struct clone_flags {
  uint64_t at;
  uint64_t flags;
};

struct task {
  pid_t tid;
  pid_t tgid;
  pid_t parent;     /* the process that has made this one, or 0 */
  uint32_t process; /* its number in the stream; 0 while its parent is not known */
  bool thread;
  bool refused;                  /* its memory: said */
  bool held;                     /* at its last resume: see placement.h */
  bool unplaced;                 /* it has no program of its own yet, and its maker sleeps */
  uint64_t resumed;              /* when it was, or 0 */
  unsigned quick_stops;          /* as many in a row: see placement.h */
  uint64_t waits_since;          /* when it first stopped, if its parent's event is to come; or 0 */
  const struct syscall_row *row; /* of the call whose end is awaited, or NULL */
  leave_function *leave; /* what is done at that end: the row's, unless its entry chose another */
  uint64_t args[6];
  uint64_t interrupted; /* a hash of the connection that goes on being made, or 0 */
  struct event events[MAX_EVENTS];
  size_t event_count;
  bool uninterrupted; /* the next call is the one that our interrupt has cut short */
  bool blocks;        /* the call that was entered may wait for others: its end isn't awaited */
  int traffic;        /* see traffic.h; negative: none */
  bool random;        /* random bytes that the program got: recorded */
  pid_t vforked;      /* the child that it waits for at our hands, or 0: see tracer.c */
  pid_t maker;        /* who waits for it so, or 0 */
  struct exec exec;
  struct clone_flags made_with;
  unsigned threads;                /* of a process: how many it has besides this one */
  const struct look *look;         /* the call was made already, and this is it; or NULL */
  bool confined;                   /* it has a seccomp filter of its own, as its children have */
  struct start start;              /* see accelerator.h */
  struct accelerated *accelerated; /* its process, or NULL */
  struct accelerated *shares; /* another process, whose memory it has until its exec; or NULL */
  struct task *next;
};

/* Find a task, or NULL. */
struct task *task_find(pid_t tid);
/* Add a task that has not yet a place in the stream. */
struct task *task_add(pid_t tid);
/* Its first stop came before its parent's event, which it has to wait for. */
void task_await_parent(struct task *task);
/* It need not wait any more. */
void task_stop_waiting(struct task *task);
/* How many tasks wait for their parents' events. */
size_t task_waiting_count(void);
/* A task that has waited since before TIME, or NULL. */
struct task *task_waiting_since(uint64_t time);
/* A task that waits for its vfork child, or NULL. */
struct task *task_waiting_for_child(void);
/* Give a task its place in the stream as a child or thread of PARENT (NULL: the command). */
void task_start(struct task *task, struct task *parent);
/* Record the end of a task, and what it has used if it was a process, and forget it. */
void task_end(struct task *task, uint32_t status, const struct usage *usage);
size_t task_count(void);
/* How many of them are not threads of another. */
size_t task_process_count(void);
/* Send a signal to every process. */
void task_signal_all(int signal);

void exec_clear(struct exec *exec);

#endif
