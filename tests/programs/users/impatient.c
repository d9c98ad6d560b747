/* A file system (FUSE) whose server gives up what is interrupted, with EINTR, as many do:
 *     impatient serve FOLDER    mounts it there, in the background; 77 where there is no FUSE
 *     impatient open FILE       opens the file in it, which only its owner may read, ten times
 * No signal comes: no opening may fail. */
#include "../check.h"

#include <linux/fuse.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mount.h>

enum { FILE_NODE = 2, TIMES = 10, PATIENCE = 20 }; /* milliseconds */

static int device;

struct request {
  struct fuse_in_header header;
  char data[FUSE_MIN_READ_BUFFER + 65536];
};

static void answer(uint64_t unique, int error, const void *data, size_t size) {
  char text[sizeof(struct fuse_out_header) + 256];
  struct fuse_out_header header = {(uint32_t)(sizeof header + size), error, unique};
  memcpy(text, &header, sizeof header);
  memcpy(text + sizeof header, data, size);
  CHECK(write(device, text, header.len) == (ssize_t)header.len || errno == ENOENT);
}

/* False: the file system is no longer mounted. */
static int next(struct request *request) {
  ssize_t size;
  do
    size = read(device, request, sizeof *request);
  while (size < 0 && (errno == EINTR || errno == ENOENT));
  return size > 0;
}

static void open_slowly(uint64_t unique) {
  struct pollfd wait = {device, POLLIN, 0};
  struct fuse_open_out opened = {.fh = 0};
  static struct request other;
  int error = 0;
  if (poll(&wait, 1, PATIENCE) > 0 && next(&other))
    error = other.header.opcode == FUSE_INTERRUPT ? -EINTR : -EIO;
  answer(unique, error, &opened, error == 0 ? sizeof opened : 0);
}

static struct fuse_attr attributes(uint64_t node) {
  return (struct fuse_attr){
      .ino = node, .mode = node == FILE_NODE ? S_IFREG | 0600 : S_IFDIR | 0755, .nlink = 1};
}

static void serve(const struct request *request) {
  const struct fuse_in_header *header = &request->header;
  struct fuse_init_out begun = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536};
  struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};
  struct fuse_attr_out status = {.attr = attributes(header->nodeid)};
  switch (header->opcode) {
  case FUSE_INIT:
    answer(header->unique, 0, &begun, sizeof begun);
    break;
  case FUSE_LOOKUP:
    answer(header->unique, 0, &entry, sizeof entry);
    break;
  case FUSE_GETATTR:
    answer(header->unique, 0, &status, sizeof status);
    break;
  case FUSE_OPEN:
    open_slowly(header->unique);
    break;
  case FUSE_FORGET:
  case FUSE_BATCH_FORGET:
  case FUSE_INTERRUPT:
    break;
  case FUSE_RELEASE:
    answer(header->unique, 0, NULL, 0);
    break;
  default:
    answer(header->unique, -ENOSYS, NULL, 0);
  }
}

static int serve_all(const char *folder) {
  static struct request request;
  char options[128];
  device = open("/dev/fuse", O_RDWR);
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
           device);
  if (device < 0 || mount("rpz", folder, "fuse", MS_NOSUID | MS_NODEV, options) != 0)
    return 77;
  if (fork() != 0)
    return 0;
  for (int fd = 0; fd <= 2; fd++)
    close(fd);
  while (next(&request))
    serve(&request);
  return 0;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  if (strcmp(argv[1], "serve") == 0)
    return serve_all(argv[2]);
  for (int i = 0; i < TIMES; i++) {
    int fd = open(argv[2], O_RDONLY);
    CHECK(fd >= 0 && close(fd) == 0);
  }
  return 0;
}
