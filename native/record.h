/* The record stream, version 1: docs/record-stream.md. This is its only writer in C. */
#ifndef RPZ_RECORD_H
#define RPZ_RECORD_H

#include "accelerator/accelerator.h"
#include "traffic.h"
#include "util.h"

#include <sys/stat.h>

enum mode { READ = 1, WRITE = 2, WDIR = 4, STAT = 8, LINK = 16, SOCKET = 32 };

enum file_flag { DIRECTORY = 1, EXISTED = 2, TRUNCATED = 4 };

enum process_flag { THREAD = 1 };

enum rename_kind { RENAMED = 1, EXCHANGED = 2, HARD_LINKED = 3 };

enum snapshot_kind { KEPT_CONTENT = 1, KEPT_STATUS = 2, TOO_LARGE = 3, NOT_KEPT = 4 };

/* Of a process and the children that it has waited for. */
struct usage {
  uint64_t user_time; /* nanoseconds */
  uint64_t system_time;
  uint64_t memory; /* bytes: the greatest resident size; 0: not known */
};

enum connection_kind { CONNECTED = 1, ACCEPTED = 2, BOUND = 3, SENT = 4 };

/* A signal's exit status is this plus its number. */
enum { SIGNALLED = 0x100 };

/* Create the stream; dies if it can't. */
void record_open(const char *path);
/* Cut the file to what was written. */
void record_close(void);
/* What is recorded from here on happened at TIME, by monotonic_clock(); 0: now. */
void record_as_of(uint64_t time);
/* True once something could not be written; records are dropped from then on. */
bool record_failed(void);

void record_run(const char *folder, uint32_t umask, char *const argv[]);
void record_path(uint32_t path, const char *name, size_t length);
void record_process(uint32_t process, uint32_t parent, uint32_t tid, uint32_t flags);
void record_exit(uint32_t process, uint32_t status, const struct usage *usage);
void record_traffic(uint32_t process, const struct traffic *traffic);
void record_random(uint32_t process, uint64_t size);
void record_exec(uint32_t process, uint32_t program, uint32_t folder, const struct buffer *argv,
                 const struct buffer *environment);
void record_file(uint32_t process, uint32_t path, uint32_t mode, uint32_t flags);
void record_link(uint32_t path, const char *target);
void record_rename(uint32_t process, uint32_t old, uint32_t new, enum rename_kind kind);
void record_remove(uint32_t process, uint32_t path, uint32_t flags);
void record_connection(uint32_t process, enum connection_kind kind, const void *address,
                       size_t length);
void record_absent(uint32_t process, uint32_t path);
/* ENTRIES: a letter for the type and a name, each ended by a NUL. */
void record_listing(uint32_t process, uint32_t path, const struct buffer *entries);
void record_snapshot(uint32_t process, uint32_t path, uint32_t number, enum snapshot_kind kind,
                     const struct stat *status);
void record_warning(uint32_t process, const char *text);
void record_ways(const struct ways *ways);
void record_end(uint32_t status);

#endif
