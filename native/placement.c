#include "placement.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Tracer and task take turns, but the scheduler doesn't know: it wakes each on an idle processor,
 * which has to leave its sleep first. On a virtual machine that costs several times what the stop
 * itself does. So we stay on one processor, and wake a task that stops often there: it is bound to
 * it for the moment of the wakeup, and no longer. One that computes between its stops goes where
 * the scheduler wants it. What a program can see of that is kept from it: it stops before it asks
 * (syscalls/affinity.c), and its children are released before they run. */

enum {
  OFTEN = 1000000, /* nanoseconds between two stops: computing elsewhere would not save more */
  MANY = 4,        /* such stops in a row: a process that starts and ends has fewer */
  RENEWAL = 64,    /* stops after which the scheduler may choose another processor for us */
  FEW = 4,         /* tasks: a shell, what it runs, and who has started it */
  MOST_KEPT = 8
};

static bool allowed;
static bool skip;
static bool bound; /* we are, to `here` */
static cpu_set_t everywhere;
static cpu_set_t here;
static cpu_set_t before; /* where the held task may run */
static unsigned stops;
static pid_t self; /* the thread that is bound: another may ask to stop */
static pid_t kept[MOST_KEPT];
static size_t kept_count;
static atomic_bool releasing; /* by the thread that is bound, which hasn't the turn then */

/* A task that becomes another user while it is bound can't be released without this. */
static bool may_always_release(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (geteuid() != 0)
    return true; /* it can't: it has our user and no_new_privs, or capabilities that we lack */
  return syscall(SYS_capget, &header, data) == 0 &&
         (data[CAP_TO_INDEX(CAP_SYS_NICE)].effective & CAP_TO_MASK(CAP_SYS_NICE)) != 0;
}

void placement_begin(void) {
  self = gettid();
  allowed = sched_getaffinity(0, sizeof everywhere, &everywhere) == 0 &&
            CPU_COUNT(&everywhere) > 1 && may_always_release();
}

static void unbind(void) {
  if (bound)
    sched_setaffinity(self, sizeof everywhere, &everywhere);
  bound = false;
}

static bool bind(void) {
  int processor = sched_getcpu();
  if (bound || processor < 0 || processor >= CPU_SETSIZE)
    return bound;
  CPU_ZERO(&here);
  CPU_SET((size_t)processor, &here);
  bound = sched_setaffinity(self, sizeof here, &here) == 0;
  return bound;
}

bool placement_hold(pid_t tid, uint64_t since_last, unsigned *quick) {
  cpu_set_t both;
  *quick = since_last < OFTEN ? *quick + 1 : 0;
  bool hold = allowed && !skip && *quick >= MANY;
  skip = false;
  if (allowed && ++stops % RENEWAL == 0)
    unbind();
  if (!hold)
    return false;
  if (!bind() || sched_getaffinity(tid, sizeof before, &before) != 0)
    return false;
  CPU_AND(&both, &before, &here);
  return CPU_EQUAL(&both, &here) && sched_setaffinity(tid, sizeof here, &here) == 0;
}

void placement_begins_release(void) { atomic_store(&releasing, true); }

void placement_ends_release(void) { atomic_store(&releasing, false); }

void placement_release(pid_t tid) { sched_setaffinity(tid, sizeof before, &before); }

bool placement_is_alone(unsigned quick, size_t count) { return quick >= MANY && count <= FEW; }

static bool may_run_everywhere(pid_t tid) {
  cpu_set_t its;
  return sched_getaffinity(tid, sizeof its, &its) == 0 && CPU_EQUAL(&its, &everywhere);
}

static bool take(pid_t tid) {
  return may_run_everywhere(tid) && sched_setaffinity(tid, sizeof here, &here) == 0;
}

static size_t place_of_kept(pid_t tid) {
  size_t place = 0;
  while (place < kept_count && kept[place] != tid)
    place++;
  return place;
}

static bool is_kept(pid_t tid) { return place_of_kept(tid) < kept_count; }

bool placement_keep(pid_t tid) {
  if (is_kept(tid))
    return true;
  if (!allowed || kept_count == MOST_KEPT || !bind() || !take(tid))
    return false;
  kept[kept_count++] = tid;
  return true;
}

bool placement_forget(pid_t tid) {
  size_t place = place_of_kept(tid);
  if (place == kept_count)
    return false;
  kept[place] = kept[--kept_count];
  return true;
}

bool placement_call(pid_t tid) { return allowed && bound && !is_kept(tid) && take(tid); }

void placement_dismiss(pid_t tid) { sched_setaffinity(tid, sizeof everywhere, &everywhere); }

void placement_inherit(pid_t child, pid_t parent) {
  cpu_set_t inherited, parents;
  if (!allowed || sched_getaffinity(child, sizeof inherited, &inherited) != 0 ||
      CPU_COUNT(&inherited) != 1)
    return;
  if (parent == 0 || is_kept(parent))
    parents = everywhere;
  else if (sched_getaffinity(parent, sizeof parents, &parents) != 0)
    return;
  sched_setaffinity(child, sizeof parents, &parents);
}

void placement_leave(void) {
  if (allowed)
    sched_setaffinity(0, sizeof everywhere, &everywhere);
}

static void keep_no_longer(pid_t tid) {
  if (placement_forget(tid))
    placement_dismiss(tid);
}

void placement_skip(pid_t tid) {
  skip = true;
  keep_no_longer(tid);
}

void placement_stop(void) {
  while (atomic_load(&releasing))
    ;
  while (kept_count > 0)
    keep_no_longer(kept[0]);
  allowed = false;
  unbind();
}
