#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum type {
  TYPE_RUN = 1,
  TYPE_PATH,
  TYPE_PROCESS,
  TYPE_EXIT,
  TYPE_EXEC,
  TYPE_FILE,
  TYPE_LINK,
  TYPE_RENAME,
  TYPE_REMOVE,
  TYPE_CONNECTION,
  TYPE_WARNING,
  TYPE_END,
  TYPE_ABSENT,
  TYPE_LISTING,
  TYPE_SNAPSHOT,
  TYPE_TRAFFIC,
  TYPE_RANDOM,
  TYPE_WAYS,
};

enum { HEADER_SIZE = 16, RECORD_HEADER_SIZE = 16, WINDOW = 1 << 20 };

static int stream = -1;
static bool failed;
/* The part of the file that is mapped, and how much of it is written. */
static char *window;
static uint64_t window_offset;
static size_t window_size;
static size_t window_used;
static uint64_t moment; /* when what is recorded happened, or 0 */
/* The record that is being put together. */
static struct buffer body;

static void fail(int error) {
  failed = true;
  complain("The trace can't be written from here on: %s. The command goes on untraced.",
           strerror(error));
}

/* Map a new window of the file, which holds SIZE bytes or more, behind what was written. Returns an
 * errno, or 0. */
static int move_window(size_t size) {
  uint64_t written = window_offset + window_used;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint64_t offset = written - written % page;
  size_t length = ((size_t)(written - offset) + size + WINDOW) / page * page;
  /* Reserving the blocks now turns a full disk into an error here; a hole would be a SIGBUS later.
   */
  int error;
  do
    error = posix_fallocate(stream, (off_t)offset, (off_t)length);
  while (error == EINTR); /* by a signal that we pass on */
  if (error != 0)
    return error;
  if (window != NULL)
    munmap(window, window_size);
  window = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, stream, (off_t)offset);
  if (window == MAP_FAILED) {
    window = NULL;
    return errno;
  }
  window_offset = offset;
  window_size = length;
  window_used = (size_t)(written - offset);
  return 0;
}

static bool reserve(size_t size) {
  if (failed || window_used + size <= window_size)
    return !failed;
  int error = move_window(size);
  if (error != 0)
    fail(error);
  return !failed;
}

/* Map the first window. RLIMIT_FSIZE is to be an error, not a signal; the command, which is not yet
 * started, inherits how signals are handled. */
static int first_window(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(SIGXFSZ, &ignore, &before);
  int error = move_window(HEADER_SIZE);
  sigaction(SIGXFSZ, &before, NULL);
  return error;
}

void record_open(const char *path) {
  static const char header[HEADER_SIZE] = {'R', 'P', 'Z', 'R', 'E', 'C', '\r', '\n', 1};
  stream = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (stream < 0)
    die("%s can't be created: %s. Choose another folder: rpz trace -d FOLDER.", path,
        strerror(errno));
  flock(stream, LOCK_EX | LOCK_NB); /* tells who finds the file that it is still being written */
  int error = first_window();
  if (error != 0) {
    unlink(path);
    die("%s can't be written: %s. Make room, or choose another folder: rpz trace -d FOLDER.", path,
        strerror(error));
  }
  memcpy(window, header, HEADER_SIZE);
  window_used = HEADER_SIZE;
}

/* It is on its way to the disk then: who keeps it waits for that, and has other things to do first.
 */
void record_close(void) {
  if (ftruncate(stream, (off_t)(window_offset + window_used)) != 0)
    complain("The trace can't be given its length: %s. Look after the disk that it is on.",
             strerror(errno));
  sync_file_range(stream, 0, 0, SYNC_FILE_RANGE_WRITE);
  if (window != NULL)
    munmap(window, window_size);
  close(stream);
  buffer_free(&body);
}

void record_as_of(uint64_t time) { moment = time; }

bool record_failed(void) { return failed; }

static void put_u32(uint32_t value) { buffer_append(&body, &value, sizeof value); }

static void put_u64(uint64_t value) { buffer_append(&body, &value, sizeof value); }

static void put_string(const void *text, size_t length) {
  put_u32((uint32_t)length);
  buffer_append(&body, text, length);
}

/* No record is of the future, whatever a process says of when it looked. */
static uint64_t time_of_record(void) {
  static uint64_t latest; /* that the clock has told us */
  if (moment == 0 || moment > latest)
    latest = monotonic_clock();
  return moment != 0 && moment < latest ? moment : latest;
}

/* Append the record in `body`. Its size is stored last and at once: a reader, or a kill, sees the
 * whole record or none of it. */
static void put_record(enum type type) {
  static const char padding[8];
  buffer_append(&body, padding, -body.size % 8);
  uint32_t size = (uint32_t)(RECORD_HEADER_SIZE + body.size);
  if (reserve(size)) {
    char *record = window + window_used;
    uint32_t kind = type;
    uint64_t now = time_of_record();
    memcpy(record + 4, &kind, sizeof kind);
    memcpy(record + 8, &now, sizeof now);
    memcpy(record + RECORD_HEADER_SIZE, body.data, body.size);
    __atomic_store_n((uint32_t *)(void *)record, size, __ATOMIC_RELEASE);
    window_used += size;
  }
  body.size = 0;
}

void record_run(const char *folder, uint32_t umask, char *const argv[]) {
  put_u64(wall_clock());
  put_u32(umask);
  put_u32(0);
  put_string(folder, strlen(folder));
  size_t length = 0;
  for (size_t i = 0; argv[i] != NULL; i++)
    length += strlen(argv[i]) + 1;
  put_u32((uint32_t)length);
  for (size_t i = 0; argv[i] != NULL; i++)
    buffer_append(&body, argv[i], strlen(argv[i]) + 1);
  put_record(TYPE_RUN);
}

void record_path(uint32_t path, const char *name, size_t length) {
  put_u32(path);
  put_string(name, length);
  put_record(TYPE_PATH);
}

void record_process(uint32_t process, uint32_t parent, uint32_t tid, uint32_t flags) {
  put_u32(process);
  put_u32(parent);
  put_u32(tid);
  put_u32(flags);
  put_record(TYPE_PROCESS);
}

void record_exit(uint32_t process, uint32_t status, const struct usage *usage) {
  put_u32(process);
  put_u32(status);
  put_u64(usage->user_time);
  put_u64(usage->system_time);
  put_u64(usage->memory);
  put_record(TYPE_EXIT);
}

void record_traffic(uint32_t process, const struct traffic *traffic) {
  put_u32(process);
  put_u32(0);
  put_u64(traffic->read);
  put_u64(traffic->written);
  put_record(TYPE_TRAFFIC);
}

void record_random(uint32_t process, uint64_t size) {
  put_u32(process);
  put_u32(0);
  put_u64(size);
  put_record(TYPE_RANDOM);
}

void record_exec(uint32_t process, uint32_t program, uint32_t folder, const struct buffer *argv,
                 const struct buffer *environment) {
  put_u32(process);
  put_u32(program);
  put_u32(folder);
  put_u32(0);
  put_string(argv->data, argv->size);
  put_string(environment->data, environment->size);
  put_record(TYPE_EXEC);
}

void record_file(uint32_t process, uint32_t path, uint32_t mode, uint32_t flags) {
  put_u32(process);
  put_u32(path);
  put_u32(mode);
  put_u32(flags);
  put_record(TYPE_FILE);
}

void record_link(uint32_t path, const char *target) {
  put_u32(path);
  put_u32(0);
  put_string(target, strlen(target));
  put_record(TYPE_LINK);
}

void record_rename(uint32_t process, uint32_t old, uint32_t new, enum rename_kind kind) {
  put_u32(process);
  put_u32(old);
  put_u32(new);
  put_u32(kind);
  put_record(TYPE_RENAME);
}

void record_remove(uint32_t process, uint32_t path, uint32_t flags) {
  put_u32(process);
  put_u32(path);
  put_u32(flags);
  put_u32(0);
  put_record(TYPE_REMOVE);
}

void record_connection(uint32_t process, enum connection_kind kind, const void *address,
                       size_t length) {
  put_u32(process);
  put_u32(kind);
  put_u32(0);
  put_u32(0);
  put_string(address, length);
  put_record(TYPE_CONNECTION);
}

void record_absent(uint32_t process, uint32_t path) {
  put_u32(process);
  put_u32(path);
  put_record(TYPE_ABSENT);
}

void record_listing(uint32_t process, uint32_t path, const struct buffer *entries) {
  put_u32(process);
  put_u32(path);
  put_string(entries->data, entries->size);
  put_record(TYPE_LISTING);
}

static uint64_t nanoseconds(struct timespec time) {
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void record_snapshot(uint32_t process, uint32_t path, uint32_t number, enum snapshot_kind kind,
                     const struct stat *status) {
  put_u32(process);
  put_u32(path);
  put_u32(number);
  put_u32(kind);
  put_u32(status->st_mode);
  put_u32((uint32_t)status->st_nlink);
  put_u32(status->st_uid);
  put_u32(status->st_gid);
  put_u64(status->st_dev);
  put_u64(status->st_ino);
  put_u64((uint64_t)status->st_size);
  put_u64(nanoseconds(status->st_atim));
  put_u64(nanoseconds(status->st_mtim));
  put_record(TYPE_SNAPSHOT);
}

void record_warning(uint32_t process, const char *text) {
  put_u32(process);
  put_u32(0);
  put_string(text, strlen(text));
  put_record(TYPE_WARNING);
}

void record_ways(const struct ways *ways) {
  put_u64(ways->stops);
  put_u64(ways->notices);
  put_u64(ways->logged);
  put_u64(ways->repeated);
  put_u64(ways->accelerated);
  put_u64(ways->compared);
  put_u64(ways->different);
  put_record(TYPE_WAYS);
}

void record_end(uint32_t status) {
  put_u64(wall_clock());
  put_u32(status);
  put_u32(0);
  put_record(TYPE_END);
}
