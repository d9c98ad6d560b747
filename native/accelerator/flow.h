/* The flow of control through the text of an ELF image, as far as the sites' proofs need it. */
#ifndef RPZ_ACCELERATOR_FLOW_H
#define RPZ_ACCELERATOR_FLOW_H

#include "ranges.h"

/* What is known of a byte of the text. */
enum {
  FLOW_BEGIN = 1,      /* an instruction begins with it */
  FLOW_TARGET = 2,     /* a jump or call goes to it */
  FLOW_AFTER_CALL = 4, /* it may run after a call that its function has made */
  FLOW_CALLED = 8,     /* a call goes to it, or it is exported */
};

struct flow {
  const uint8_t *code;
  uint64_t text;
  uint64_t size;
  const struct ranges *ranges;
  uint8_t *marks; /* one for each byte; from malloc: flow_free */
};

/* Decode all functions in RANGES (kept, not copied), and mark where instructions begin and where
 * jumps go. A function with an
 * instruction that isn't known gets no FLOW_BEGIN. False: no memory, or
 * its symbols are not as they should be. */
bool flow_open(struct flow *flow, const struct image *image, const struct ranges *ranges);

/* Mark in one function what may run after a call, and a call of what never returns is none. False:
 * its jumps can't be followed: one goes through a register, or they lead back too often. */
bool flow_follow(struct flow *flow, const struct range *range);

void flow_free(struct flow *flow);

#endif
