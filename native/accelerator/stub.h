/* The code that is copied into traced processes: see stub.c. */
#ifndef RPZ_STUB_H
#define RPZ_STUB_H

#include <stddef.h>

/* It refers to itself by distances only, wherever it is. The linker knows where it begins and ends.
 */
extern const char __start_rpz_stub_code[], __stop_rpz_stub_code[], rpz_stub_entry[];
extern const char __start_rpz_bootstrap_code[], __stop_rpz_bootstrap_code[];

static inline size_t stub_size(void) {
  return (size_t)(__stop_rpz_stub_code - __start_rpz_stub_code);
}

static inline size_t bootstrap_size(void) {
  return (size_t)(__stop_rpz_bootstrap_code - __start_rpz_bootstrap_code);
}

#endif
