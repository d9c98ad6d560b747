/* What code that runs inside of traced processes is made of: it refers to nothing but itself and
 * the fixed addresses of layout.h. */
#ifndef RPZ_INSIDE_H
#define RPZ_INSIDE_H

#include "layout.h"

#include <asm/unistd_64.h>

#define INSIDE static inline __attribute__((always_inline))

/* A call outside of the gate: traced as any other. */
INSIDE long call(long number, long one, long two, long three, long four, long five, long six) {
  long result;
  register long r10 __asm__("r10") = four;
  register long r8 __asm__("r8") = five;
  register long r9 __asm__("r9") = six;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(one), "S"(two), "d"(three), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

INSIDE struct private *own(void) { return (struct private *)PRIVATE; }

#endif
