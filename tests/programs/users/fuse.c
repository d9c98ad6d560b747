/* A file system that the program serves to itself (FUSE), and uses: who asked it on the side, while
 * it is stopped, would wait for ever. It ends with 77 where there is no FUSE for it. */
#include "../check.h"

#include <dirent.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>

/* What is there. A file holds what another does, so that serving it takes calls. */
struct node {
  uint64_t parent;
  const char *name;
  mode_t mode;
  const char *source; /* of a link: its target */
};
enum { ROOT = 1, FIRST, MADE_FOLDER = 8, MADE_FILE, NODES };
static struct node nodes[NODES] = {
    [ROOT] = {0, "", S_IFDIR | 0755, "source"},
    [2] = {ROOT, "hello", S_IFREG | 0644, "source/hello"},
    [3] = {ROOT, "folder", S_IFDIR | 0755, "source"},
    [4] = {3, "inner", S_IFREG | 0644, "source/hello"},
    [5] = {ROOT, "link", S_IFLNK | 0777, NULL},
    [6] = {ROOT, "script", S_IFREG | 0755, "source/script"},
    [7] = {ROOT, "program", S_IFREG | 0755, "source/program"},
    [MADE_FOLDER] = {0, "", S_IFDIR | 0755, "source"},
    [MADE_FILE] = {0, "", S_IFREG | 0644, "source/hello"},
};
static char source_folder[PATH_MAX];

static int device;

static void answer(uint64_t request, int error, const void *data, size_t size) {
  char text[sizeof(struct fuse_out_header) + 65536];
  struct fuse_out_header header = {(uint32_t)(sizeof header + size), error, request};
  memcpy(text, &header, sizeof header);
  memcpy(text + sizeof header, data, size);
  CHECK(write(device, text, header.len) == (ssize_t)header.len || errno == ENOENT);
}

static void source_path(const struct node *node, char *path) {
  CHECK(snprintf(path, PATH_MAX, "%.4000s/%.90s", source_folder, node->source) > 0);
}

static struct fuse_attr attributes(uint64_t number) {
  const struct node *node = &nodes[number];
  struct stat status = {.st_size = 0};
  char path[PATH_MAX];
  source_path(S_ISLNK(node->mode) ? &nodes[ROOT] : node, path);
  CHECK(stat(path, &status) == 0);
  return (struct fuse_attr){.ino = number,
                            .size = (uint64_t)(S_ISREG(node->mode) ? status.st_size : 0),
                            .mode = node->mode,
                            .nlink = 1};
}

static void answer_entry(uint64_t request, uint64_t number) {
  struct fuse_entry_out entry = {.nodeid = number, .attr = attributes(number)};
  answer(request, 0, &entry, sizeof entry);
}

static void look_up(uint64_t request, uint64_t folder, const char *name) {
  for (uint64_t i = FIRST; i < NODES; i++)
    if (nodes[i].parent == folder && strcmp(nodes[i].name, name) == 0) {
      answer_entry(request, i);
      return;
    }
  answer(request, -ENOENT, NULL, 0);
}

static void read_file(uint64_t request, uint64_t number, const struct fuse_read_in *wanted) {
  static char text[65536];
  char path[PATH_MAX];
  source_path(&nodes[number], path);
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  size_t size = wanted->size < sizeof text ? wanted->size : sizeof text;
  ssize_t got = pread(fd, text, size, (off_t)wanted->offset);
  CHECK(got >= 0);
  CHECK(close(fd) == 0);
  answer(request, 0, text, (size_t)got);
}

static void read_folder(uint64_t request, uint64_t number, const struct fuse_read_in *wanted) {
  struct {
    struct fuse_dirent entry;
    char name[8];
  } only = {.entry = {.ino = 2, .off = 1, .namelen = 5, .type = DT_REG}, .name = "hello"};
  bool begins = number == ROOT && wanted->offset == 0;
  answer(request, 0, &only, begins ? FUSE_DIRENT_SIZE(&only.entry) : 0);
}

static void begin(uint64_t request) {
  struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 65536};
  answer(request, 0, &out, sizeof out);
}

static void serve(const struct fuse_in_header *header, const char *data) {
  struct fuse_attr_out status = {.attr_valid = 0};
  struct fuse_open_out opened = {.fh = 0};
  struct fuse_write_out written = {.size = 0};
  switch (header->opcode) {
  case FUSE_INIT:
    begin(header->unique);
    break;
  case FUSE_LOOKUP:
    look_up(header->unique, header->nodeid, data);
    break;
  case FUSE_GETATTR:
    status.attr = attributes(header->nodeid);
    answer(header->unique, 0, &status, sizeof status);
    break;
  case FUSE_OPEN:
  case FUSE_OPENDIR:
    answer(header->unique, 0, &opened, sizeof opened);
    break;
  case FUSE_READ:
    read_file(header->unique, header->nodeid, (const struct fuse_read_in *)data);
    break;
  case FUSE_READDIR:
    read_folder(header->unique, header->nodeid, (const struct fuse_read_in *)data);
    break;
  case FUSE_READLINK:
    answer(header->unique, 0, nodes[header->nodeid].source, strlen(nodes[header->nodeid].source));
    break;
  case FUSE_MKDIR:
    answer_entry(header->unique, MADE_FOLDER);
    break;
  case FUSE_MKNOD:
    answer_entry(header->unique, MADE_FILE);
    break;
  case FUSE_WRITE:
    written.size = ((const struct fuse_write_in *)data)->size;
    answer(header->unique, 0, &written, sizeof written);
    break;
  case FUSE_RENAME:
  case FUSE_RENAME2:
  case FUSE_UNLINK:
  case FUSE_RELEASE:
  case FUSE_RELEASEDIR:
    answer(header->unique, 0, NULL, 0);
    break;
  case FUSE_FORGET:
  case FUSE_BATCH_FORGET:
  case FUSE_INTERRUPT:
    break;
  default:
    answer(header->unique, -ENOSYS, NULL, 0);
  }
}

static void serve_all(void) {
  static _Alignas(8) char request[FUSE_MIN_READ_BUFFER + 65536];
  ssize_t size;
  while ((size = read(device, request, sizeof request)) > 0 || errno == EINTR || errno == ENOENT)
    if (size > 0)
      serve((const struct fuse_in_header *)request, request + sizeof(struct fuse_in_header));
  CHECK(errno == ENODEV);
}

static bool mount_it(void) {
  char options[128];
  device = open("/dev/fuse", O_RDWR);
  if (device < 0)
    return false;
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%u,group_id=%u", device, getuid(),
           getgid());
  return mount("rpz", "mount", "fuse", MS_NOSUID | MS_NODEV, options) == 0;
}

static void check_content(const char *path, const char *expected) {
  char text[64] = "";
  int fd = open(path, O_RDONLY);
  CHECK(fd >= 0);
  CHECK(read(fd, text, sizeof text - 1) == (ssize_t)strlen(expected));
  CHECK(strcmp(text, expected) == 0);
  struct stat status;
  CHECK(fstat(fd, &status) == 0);
  char again[64];
  snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
  CHECK(close(open(again, O_RDONLY)) == 0);
  CHECK(close(fd) == 0);
}

static void use_files(void) {
  struct stat status;
  CHECK(stat("mount/hello", &status) == 0 && status.st_size == 5);
  expect("STAT:", "mount/hello");
  CHECK(access("mount/folder", X_OK) == 0);
  expect("STAT:", "mount/folder");
  check_content("mount/hello", "text\n");
  expect("READ:", "mount/hello");
  check_content("mount/folder/../folder/inner", "text\n");
  expect("READ:", "mount/folder/inner");
  CHECK(open("mount/missing", O_RDONLY) == -1 && errno == ENOENT);
  expect("ABSENT", "mount/missing");
  CHECK(stat("mount/folder/missing", &status) == -1 && errno == ENOENT);
  expect("ABSENT", "mount/folder/missing");
}

static void use_folders(void) {
  int names = 0;
  DIR *folder = opendir("mount");
  CHECK(folder != NULL);
  while (readdir(folder) != NULL)
    names++;
  CHECK(names == 1);
  CHECK(closedir(folder) == 0);
  expect("READ:DIRECTORY|EXISTED", "mount");
  expect("NEVER_LISTED", "mount");
  CHECK(chdir("mount/folder") == 0);
  check_content("inner", "text\n");
  CHECK(chdir(here) == 0);
  expect("WDIR:", "mount/folder");
}

/* The server says yes, and does nothing. */
static void change_names(void) {
  CHECK(mkdir("mount/made", 0755) == 0);
  expect("WRITE:DIRECTORY", "mount/made");
  make_file("mount/new");
  expect("WRITE:", "mount/new");
  CHECK(rename("mount/hello", "mount/moved") == 0);
  expect_two("RENAME", "mount/hello", "mount/moved");
  CHECK(renameat2(AT_FDCWD, "mount/hello", AT_FDCWD, "mount/moved2", RENAME_NOREPLACE) == 0);
  expect_two("RENAME", "mount/hello", "mount/moved2");
  CHECK(unlink("mount/hello") == 0);
  expect("REMOVE", "mount/hello");
  expect("UNCHANGED", "mount/hello");
}

static void use_links(void) {
  char target[PATH_MAX];
  CHECK(readlink("mount/link", target, sizeof target) > 0);
  expect("STAT|LINK:", "mount/link");
  check_content("mount/link", "text\n");
  expect("READ:EXISTED", "outside");
}

static void execute(const char *program, int expected) {
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, "as a program", NULL);
    _exit(126);
  }
  check_child(child, expected);
  expect("READ:", program);
  expect("EXEC", program);
}

static void copy_itself(void) {
  static char text[1 << 22];
  int from = open("/proc/self/exe", O_RDONLY),
      to = open("source/program", O_WRONLY | O_CREAT, 0755);
  ssize_t size = read(from, text, sizeof text);
  CHECK(size > 0 && write(to, text, (size_t)size) == size);
  CHECK(close(from) == 0 && close(to) == 0);
}

static void prepare(void) {
  static char outside[PATH_MAX + 16];
  CHECK(mkdir("source", 0755) == 0 && mkdir("mount", 0755) == 0);
  make_file("source/hello");
  make_file("outside");
  int fd = open("source/script", O_WRONLY | O_CREAT, 0755);
  CHECK(fd >= 0 && dprintf(fd, "#!/bin/sh\nexit 5\n") > 0 && close(fd) == 0);
  copy_itself();
  memcpy(source_folder, here, sizeof here);
  snprintf(outside, sizeof outside, "%s/outside", here);
  nodes[5].source = outside;
}

static void expect_images(void) {
  char path[PATH_MAX];
  CHECK(realpath("/bin/sh", path) != NULL);
  expect("READ:EXISTED", path);
  expect("READ:EXISTED", "source/hello");
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1)
    return 7;
  prepare();
  if (!mount_it())
    return 77;
  pid_t server = fork();
  if (server == 0) {
    serve_all();
    _exit(0);
  }
  CHECK(close(device) == 0);
  use_files();
  use_folders();
  use_links();
  execute("mount/script", 5);
  execute("mount/program", 7);
  expect_images();
  change_names();
  CHECK(umount("mount") == 0);
  check_child(server, 0);
  make_file("mount/under");
  expect("WRITE:", "mount/under");
  printf("WARNING %s/mount is served by a program of the run (FUSE)\n", here);
  return 0;
}
