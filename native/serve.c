#include "serve.h"

#include "accelerator/accelerator.h"
#include "notify.h"
#include "observe.h"
#include "task.h"
#include "util.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <time.h>

/* Held for some microseconds at a time: to wait awake costs less than to be woken up. */
static pthread_mutex_t turn = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t interrupted; /* waits by CLOCK_MONOTONIC */
static pthread_t main_thread;
static bool left;                         /* tasks are followed no longer */
static const struct notice *to_interrupt; /* whose call's end is awaited */

void serve_take_turn(void) {
  int error = errno;
  pthread_mutex_lock(&turn);
  errno = error;
}

void serve_end_turn(void) { pthread_mutex_unlock(&turn); }

void serve_without_looking(void) { left = true; }

void serve_interrupt(void) {
  if (to_interrupt == NULL)
    return;
  ptrace(PTRACE_INTERRUPT, to_interrupt->tid, NULL, NULL);
  notify_continue(to_interrupt);
  to_interrupt = NULL;
  pthread_cond_signal(&interrupted);
}

/* Have the other thread do that: it sleeps in wait4, or is about to. */
static bool ask_for_interrupt(const struct notice *notice) {
  to_interrupt = notice;
  while (to_interrupt != NULL) {
    struct timespec soon;
    clock_gettime(CLOCK_MONOTONIC, &soon);
    enum { AGAIN = 1000000, SECOND = 1000000000 }; /* nanoseconds */
    soon.tv_nsec += AGAIN;
    soon.tv_sec += soon.tv_nsec / SECOND;
    soon.tv_nsec %= SECOND;
    pthread_kill(main_thread, SIGRTMIN);
    pthread_cond_timedwait(&interrupted, &turn, &soon);
  }
  return true;
}

/* A task waits in a call that only looks. True: it was answered. */
static bool on_notice(const struct notice *notice) {
  struct task *task = left ? NULL : task_find(notice->tid);
  accelerator_count_notice();
  if (task != NULL && accelerator_answers(task, notice))
    return true;
  accelerator_catch_up_all();
  if (task != NULL)
    observe_entry(task, &notice->call);
  bool wanted = task != NULL && accelerator_wants(task, notice);
  if (task != NULL && task->row != NULL && (task->blocks || task->uninterrupted))
    observe_end(task, 0); /* as far as one can tell */
  if (task != NULL)
    task->uninterrupted = false;
  if (wanted || (task != NULL && task->row != NULL))
    return ask_for_interrupt(notice);
  return false;
}

static void *serve_notices(void *nothing) {
  struct notice notice;
  while (notify_receive(&notice)) {
    pthread_mutex_lock(&turn);
    bool answered = on_notice(&notice);
    pthread_mutex_unlock(&turn);
    if (!answered)
      notify_continue(&notice); /* what it does next may be the other thread's to see */
  }
  return nothing;
}

static void nothing_to_do(int signal) { (void)signal; }

/* All signals are for the first thread. */
void serve_begin(void) {
  struct sigaction action = {.sa_handler = nothing_to_do};
  sigset_t all, before;
  pthread_t thread;
  pthread_condattr_t by_clock;
  main_thread = pthread_self();
  pthread_condattr_init(&by_clock);
  pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
  pthread_cond_init(&interrupted, &by_clock);
  sigaction(SIGRTMIN, &action, NULL);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&thread, NULL, serve_notices, NULL);
  if (error != 0)
    die("No thread can be made: %s.", strerror(error));
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
