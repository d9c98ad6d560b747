/* Instructions that do the same at any other address. */
#ifndef RPZ_ACCELERATOR_MOVABLE_H
#define RPZ_ACCELERATOR_MOVABLE_H

#include "length.h"

/* Whether an instruction only puts something into a register: a constant, another register or an
 * address made of registers. It can't fault, reads no memory, and has nothing to do with the stack
 * pointer, the instruction pointer or the register of the call's number. */
bool instruction_is_movable(const struct instruction *instruction);

#endif
