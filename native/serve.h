/* The thread that answers to notices (notify.h). ptrace(2) serves one thread only, which sleeps in
 * wait4(2); each is woken up where that costs least. They take turns with everything but waiting.
 */
#ifndef RPZ_SERVE_H
#define RPZ_SERVE_H

/* Start answering; the caller, who has the turn, is the thread for ptrace. */
void serve_begin(void);
/* Keeps errno. */
void serve_take_turn(void);
void serve_end_turn(void);
/* A noticed task whose call's end is awaited is to stop when it is through: between the call's end
 * and the program's next instruction. To be called after each wait, which is cut short for it. */
void serve_interrupt(void);
/* From now on calls are let go on, and not looked at. */
void serve_without_looking(void);

#endif
