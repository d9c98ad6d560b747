/* Where no process can be accelerated: it takes machine code of the processor's. */
#include "accelerator.h"

static struct ways ways;

void accelerator_choose(enum acceleration wanted) { (void)wanted; }

void accelerator_keep_in(const char *folder) { (void)folder; }

void accelerator_open(void) {}

bool accelerator_is_open(void) { return false; }

void accelerator_close(void) {}

bool accelerator_answers(struct task *task, const struct notice *notice) {
  (void)task;
  (void)notice;
  return false;
}

bool accelerator_wants(struct task *task, const struct notice *notice) {
  (void)task;
  (void)notice;
  return false;
}

bool accelerator_begins(struct task *task) {
  (void)task;
  return false;
}

bool accelerator_ends(struct task *task, uint64_t number, const uint64_t *args) {
  (void)task;
  (void)number;
  (void)args;
  return false;
}

void accelerator_catch_up_all(void) {}

void accelerator_end(void) {}

void accelerator_awake(const struct task *child, struct task *parent) {
  (void)child;
  (void)parent;
}

void accelerator_forget(void) {}

void accelerator_moved(const struct task *task) { (void)task; }

void accelerator_moved_all(void) {}

void accelerator_add(struct task *child, struct task *parent) {
  (void)child;
  (void)parent;
}

void accelerator_add_thread(struct task *task) { (void)task; }

void accelerator_leave(struct task *task) { (void)task; }

void accelerator_stop(struct task *task) { (void)task; }

void accelerator_stop_all(void) {}

void accelerator_count_stop(void) { ways.stops++; }

void accelerator_count_notice(void) { ways.notices++; }

const struct ways *accelerator_ways(void) { return &ways; }
