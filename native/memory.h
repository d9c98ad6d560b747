/* The memory of a tracee that waits for us. */
#ifndef RPZ_MEMORY_H
#define RPZ_MEMORY_H

#include "util.h"

#include <sys/types.h>

/* Read SIZE bytes at ADDRESS; false if they are not all there. */
bool read_memory(pid_t tid, uint64_t address, void *data, size_t size);
/* Read a NUL-terminated string into TEXT of SIZE bytes; false if it is longer or not there. */
bool read_string(pid_t tid, uint64_t address, char *text, size_t size);
/* Read the pages of these addresses (0: none) at once. They are kept as they were for the calls of
 * the next two functions, until it is called again. */
void keep_memory(pid_t tid, const uint64_t *addresses, size_t count);
/* As read_string. */
bool read_kept_string(pid_t tid, uint64_t address, char *text, size_t size);
/* Append the strings of a NULL-terminated array of pointers of WORD bytes, each with its NUL; false
 * if they are not all there, or more than execve(2) takes. */
bool read_list(pid_t tid, uint64_t address, size_t word, struct buffer *list);
/* Write a word at ADDRESS. */
void write_word(pid_t tid, uint64_t address, uint64_t word);
/* Read /proc/PID/mem, as where process_vm_readv(2) is forbidden. */
void memory_by_file(void);
/* Whether reading was not permitted since this was last asked. */
bool memory_was_refused(void);

#endif
