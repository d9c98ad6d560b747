#include "task.h"

#include "placement.h"
#include "record.h"
#include "traffic.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUCKETS = 4096 };

static struct task *buckets[BUCKETS];
static size_t count;
static size_t waiting_count;
static uint32_t processes;

static struct task **bucket_of(pid_t tid) { return &buckets[(unsigned)tid % BUCKETS]; }

struct task *task_find(pid_t tid) {
  struct task *task = *bucket_of(tid);
  while (task != NULL && task->tid != tid)
    task = task->next;
  return task;
}

struct task *task_add(pid_t tid) {
  struct task *task = xcalloc(1, sizeof *task);
  struct task **bucket = bucket_of(tid);
  task->tid = tid;
  task->tgid = tid;
  task->traffic = -1;
  task->next = *bucket;
  *bucket = task;
  count++;
  return task;
}

/* tgkill(2) with signal 0 finds a thread only in the thread group that it belongs to. */
static bool same_thread_group(pid_t tgid, pid_t tid) {
  return syscall(SYS_tgkill, tgid, tid, 0) == 0;
}

void task_await_parent(struct task *task) {
  task->waits_since = monotonic_clock();
  waiting_count++;
}

void task_stop_waiting(struct task *task) {
  if (task->waits_since != 0)
    waiting_count--;
  task->waits_since = 0;
}

size_t task_waiting_count(void) { return waiting_count; }

struct task *task_waiting_since(uint64_t time) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct task *task = buckets[i]; task != NULL; task = task->next)
      if (task->waits_since != 0 && task->waits_since < time)
        return task;
  return NULL;
}

struct task *task_waiting_for_child(void) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct task *task = buckets[i]; task != NULL; task = task->next)
      if (task->vforked != 0)
        return task;
  return NULL;
}

static void count_thread(const struct task *task, int change) {
  struct task *leader = task_find(task->tgid);
  if (leader != NULL)
    leader->threads += (unsigned)change;
}

void task_start(struct task *task, struct task *parent) {
  task_stop_waiting(task);
  task->process = ++processes;
  if (parent != NULL && same_thread_group(parent->tgid, task->tid)) {
    task->thread = true;
    task->tgid = parent->tgid;
    count_thread(task, 1);
  } else {
    task->traffic = traffic_open(task->tid);
  }
  record_process(task->process, parent != NULL ? parent->process : 0, (uint32_t)task->tid,
                 task->thread ? THREAD : 0);
  task->confined = parent != NULL && parent->confined;
  task->parent = parent != NULL ? parent->tgid : 0;
  if (parent != NULL)
    accelerator_add(task, parent);
}

void exec_clear(struct exec *exec) {
  buffer_free(&exec->argv);
  buffer_free(&exec->environment);
  *exec = (struct exec){0};
}

void task_end(struct task *task, uint32_t status, const struct usage *usage) {
  accelerator_leave(task);
  placement_forget(task->tid);
  if (task->thread)
    count_thread(task, -1);
  if (task->process != 0)
    record_exit(task->process, status, usage);
  struct task **link = bucket_of(task->tid);
  while (*link != task)
    link = &(*link)->next;
  *link = task->next;
  task_stop_waiting(task);
  exec_clear(&task->exec);
  traffic_close(task->traffic);
  free(task);
  count--;
}

size_t task_count(void) { return count; }

size_t task_process_count(void) {
  size_t processes_left = 0;
  for (size_t i = 0; i < BUCKETS; i++)
    for (const struct task *task = buckets[i]; task != NULL; task = task->next)
      processes_left += !task->thread;
  return processes_left;
}

void task_signal_all(int signal) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct task *task = buckets[i]; task != NULL; task = task->next)
      if (!task->thread)
        kill(task->tid, signal);
}
