#include "abi.h"

#if defined(__x86_64__)
extern const struct abi x86_64, x32, i386;
const struct abi *const abis[] = {&x86_64, &x32, &i386, NULL};
#elif defined(__aarch64__)
extern const struct abi aarch64;
const struct abi *const abis[] = {&aarch64, NULL};
#else
#error "No table of system calls for this machine: add one to native/arch/"
#endif
