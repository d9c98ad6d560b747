/* Letting tasks go on that have stopped. */
#ifndef RPZ_RESUME_H
#define RPZ_RESUME_H

struct task;

/* TASK is to go on, with SIGNAL delivered to it (0: none): it does at the next let_go. */
void resume(struct task *task, int signal);
/* What was resumed goes on. Not while we have the turn: it may run before us, on our processor, and
 * need that at once. */
void let_go(void);

#endif
