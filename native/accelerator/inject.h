/* Have a stopped process map what accelerates it, and redirect its calls. */
#ifndef RPZ_INJECT_H
#define RPZ_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct injection;

/* Put a stopped task to work: when it goes on, it maps the area with its log, and then calls
 * chdir(TELL_OF_AREA). NULL: it can't be accelerated, and was not touched; *EARLY: it may be later,
 * when its libraries are loaded. */
struct injection *inject(pid_t tid, bool *early);
/* The same with one whose memory is a copy of an accelerated process's. */
struct injection *inject_again(pid_t tid);
/* It has stopped at that call: put it back where it was, and redirect its calls. STEPS: the page
 * for that, or negative. False: it goes on as if nothing had happened. */
bool inject_end(struct injection *injection, int64_t steps);
/* What the process's log needs to know; the clock not of one that was done again. */
uint64_t inject_thread(const struct injection *injection);
uint64_t inject_clock(const struct injection *injection);
void inject_free(struct injection *injection);

#endif
