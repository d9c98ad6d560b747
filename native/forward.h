/* Signals that were sent to us and are for the command. Who signals a whole process group reaches
 * the command and each of us: it is to get one, as without us. So what it has just got, or gets
 * before the time is over, is not passed on. */
#ifndef RPZ_FORWARD_H
#define RPZ_FORWARD_H

#include <stdbool.h>
#include <sys/types.h>

/* A signal has come for the command, or (TO_GROUP) for all of us; in a signal handler. SIGALRM
 * comes when it is due. */
void forward_later(int signal, bool to_group);
/* The command gets this signal, but not from us. */
void forward_seen(int signal);
/* The time is over: pass on what the command has not got. */
void forward_due(pid_t command);

#endif
